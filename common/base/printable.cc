#include "common/base/printable.h"

#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"

namespace jobexec {
namespace {

bool IsControl(char32_t c) { return (c < 0x20 && c != '\n') || (c >= 0x7F && c <= 0x9F); }

void AppendCode(uint32_t code, std::string& out) {
  if (code < 0x80) {
    absl::StrAppend(&out, "\\x", absl::Hex(code, absl::kZeroPad2));
  } else {
    absl::StrAppend(&out, "\\u", absl::Hex(code, absl::kZeroPad4));
  }
}

}  // namespace

std::string Printable(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const DecodedUtf8 next = DecodeUtf8(text, i);
    if (!next.valid) {
      const auto byte = static_cast<unsigned char>(text[i]);
      absl::StrAppend(&out, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else if (IsControl(next.code_point)) {
      AppendCode(static_cast<uint32_t>(next.code_point), out);
    } else {
      absl::StrAppend(&out, text.substr(i, next.bytes));
    }
    i += next.bytes;
  }
  return out;
}

}  // namespace jobexec
