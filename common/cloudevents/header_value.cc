#include "common/cloudevents/header_value.h"

#include <charconv>
#include <optional>

#include "absl/strings/ascii.h"
#include "common/base/utf8.h"

namespace jobexec::cloudevents {
namespace {

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

// The byte that a percent sign and two hexadecimal digits at the start of `text` stand for.
std::optional<char> EscapedByte(absl::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  unsigned char byte = 0;
  const char* const end = text.data() + 3;
  if (std::from_chars(text.data() + 1, end, byte, 16).ptr != end) return std::nullopt;
  return static_cast<char>(byte);
}

std::string PercentDecode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::optional<char> byte = EscapedByte(text.substr(i));
    decoded.push_back(byte.value_or(text[i]));
    if (byte.has_value()) i += 2;
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
