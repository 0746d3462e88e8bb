#include "common/cloudevents/header_value.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "common/base/utf8.h"

namespace jobexec::cloudevents {
namespace {

bool IsHexDigit(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }

// `value` starts with a double quote.
absl::StatusOr<std::string> Unquote(absl::string_view value) {
  std::string text;
  for (size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '"') {
      if (i + 1 == value.size()) return text;
      break;
    }
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    text.push_back(value[i]);
  }
  return absl::InvalidArgumentError(
      "starts with a double quote that is not closed at the end: close it, or send it as %22");
}

std::string PercentDecode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && IsHexDigit(text[i + 1]) &&
        IsHexDigit(text[i + 2])) {
      decoded += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

}  // namespace

absl::StatusOr<std::string> DecodeHeaderValue(absl::string_view value) {
  std::string text(absl::StripAsciiWhitespace(value));
  if (!text.empty() && text.front() == '"') {
    absl::StatusOr<std::string> unquoted = Unquote(text);
    if (!unquoted.ok()) return unquoted.status();
    text = *std::move(unquoted);
  }
  text = PercentDecode(text);
  if (!IsValidUtf8(text)) {
    return absl::InvalidArgumentError("is not UTF-8 after percent-decoding");
  }
  return text;
}

}  // namespace jobexec::cloudevents
