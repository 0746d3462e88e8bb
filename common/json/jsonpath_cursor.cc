#include "common/json/jsonpath_cursor.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/printable.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"

namespace jobexec::json::path {
namespace {

constexpr int64_t kMaxInteger = (int64_t{1} << 53) - 1;

// Behind a backslash the one stands for the other.
constexpr absl::string_view kLetters = "bfnrt/\\";
constexpr absl::string_view kMeanings = "\b\f\n\r\t/\\";

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

bool IsNameFirst(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_isalpha(byte) || c == '_' || byte >= 0x80;
}

bool IsHighSurrogate(char32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLowSurrogate(char32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace

bool Cursor::Consume(absl::string_view token) {
  if (!absl::StartsWith(text_.substr(position_), token)) return false;
  position_ += token.size();
  return true;
}

absl::Status Cursor::Expect(absl::string_view token) {
  return Consume(token) ? absl::OkStatus() : Unexpected(absl::StrCat("'", token, "'"));
}

void Cursor::SkipBlanks() {
  while (!AtEnd() && absl::string_view(" \t\n\r").find(Peek()) != absl::string_view::npos) {
    ++position_;
  }
}

bool Cursor::AtName() const { return IsNameFirst(Peek()); }

bool Cursor::AtInteger() const { return Peek() == '-' || IsDigit(Peek()); }

absl::StatusOr<std::string> Cursor::ReadName() {
  if (!AtName()) return Unexpected("a member name or '*'");
  const size_t begin = position_;
  while (IsNameFirst(Peek()) || IsDigit(Peek())) ++position_;
  return std::string(text_.substr(begin, position_ - begin));
}

bool Cursor::SkipDigits() {
  const size_t begin = position_;
  while (IsDigit(Peek())) ++position_;
  return position_ > begin;
}

absl::StatusOr<int64_t> Cursor::ReadInteger() {
  const size_t begin = position_;
  const bool negative = Consume("-");
  const bool zero = Peek() == '0';
  if (zero && negative) return ErrorAt(begin, "found '-0', expected '0'");
  if (zero) {
    ++position_;
  } else if (!SkipDigits()) {
    return Unexpected("a digit");
  }
  int64_t value = 0;
  if (!absl::SimpleAtoi(text_.substr(begin, position_ - begin), &value) || value > kMaxInteger ||
      value < -kMaxInteger) {
    return ErrorAt(begin, absl::StrCat("the integer is out of range, expected at most ",
                                       kMaxInteger, " and at least -", kMaxInteger));
  }
  return value;
}

absl::StatusOr<nlohmann::json> Cursor::ReadNumber() {
  const size_t begin = position_;
  Consume("-");
  if (!Consume("0") && !SkipDigits()) return Unexpected("a digit");
  if (Consume(".") && !SkipDigits()) return Unexpected("a digit");
  if (Consume("e") || Consume("E")) {
    if (!Consume("+")) Consume("-");
    if (!SkipDigits()) return Unexpected("a digit");
  }
  const absl::string_view digits = text_.substr(begin, position_ - begin);
  auto number = nlohmann::json::parse(digits.begin(), digits.end(), nullptr, false);
  if (number.is_discarded()) return ErrorAt(begin, "the number is out of range");
  return number;
}

absl::StatusOr<std::string> Cursor::ReadString() {
  const char quote = text_[position_++];
  std::string out;
  while (Peek() != quote) {
    if (AtEnd()) return Unexpected(absl::StrCat("the closing ", absl::string_view(&quote, 1)));
    if (static_cast<unsigned char>(Peek()) < 0x20) {
      return Unexpected("an escape such as \\n in place of the control character");
    }
    if (Consume("\\")) {
      RETURN_IF_ERROR(ReadEscape(quote, out));
    } else {
      out += text_[position_++];
    }
  }
  ++position_;
  return out;
}

absl::Status Cursor::ReadEscape(char quote, std::string& out) {
  if (Consume("u")) {
    ASSIGN_OR_RETURN(const char32_t code_point, ReadUnicodeEscape());
    AppendUtf8(code_point, out);
    return absl::OkStatus();
  }
  const size_t letter = AtEnd() ? absl::string_view::npos : kLetters.find(Peek());
  if (letter != absl::string_view::npos) {
    out += kMeanings[letter];
  } else if (!AtEnd() && Peek() == quote) {
    out += quote;
  } else {
    return Unexpected(absl::StrCat("one of b f n r t u / \\ ", absl::string_view(&quote, 1),
                                   " after the backslash"));
  }
  ++position_;
  return absl::OkStatus();
}

// Behind \u: four digits, or a pair of surrogates as D83D\uDE00.
absl::StatusOr<char32_t> Cursor::ReadUnicodeEscape() {
  const size_t begin = position_;
  ASSIGN_OR_RETURN(const char32_t unit, ReadHexDigits());
  if (IsLowSurrogate(unit)) {
    return ErrorAt(begin, "found a low surrogate, expected a high one before it");
  }
  if (!IsHighSurrogate(unit)) return unit;
  const size_t second = position_;
  if (!Consume("\\u")) return Unexpected("a low surrogate, \\u with four hexadecimal digits");
  ASSIGN_OR_RETURN(const char32_t low, ReadHexDigits());
  if (!IsLowSurrogate(low)) return ErrorAt(second, "expected a low surrogate");
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

absl::StatusOr<char32_t> Cursor::ReadHexDigits() {
  for (size_t i = 0; i < 4; ++i, ++position_) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(Peek()))) {
      return Unexpected("a hexadecimal digit");
    }
  }
  uint32_t value = 0;
  (void)absl::SimpleHexAtoi(text_.substr(position_ - 4, 4), &value);  // checked above
  return char32_t{value};
}

std::string Cursor::ReadWord() {
  const size_t begin = position_;
  while (absl::ascii_islower(static_cast<unsigned char>(Peek())) ||
         (position_ > begin && (IsDigit(Peek()) || Peek() == '_'))) {
    ++position_;
  }
  return std::string(text_.substr(begin, position_ - begin));
}

absl::Status Cursor::Unexpected(absl::string_view expected) const {
  std::string found = "the end";
  if (!AtEnd()) {
    const size_t bytes = DecodeUtf8(text_, position_).bytes;
    found = absl::StrCat("'", Printable(text_.substr(position_, bytes)), "'");
  }
  return ErrorAt(position_, absl::StrCat("found ", found, ", expected ", expected));
}

absl::Status Cursor::ErrorAt(size_t position, absl::string_view problem) const {
  const size_t column = ToCodePoints(text_.substr(0, position)).size() + 1;
  return absl::InvalidArgumentError(absl::StrCat("JSONPath, column ", column, ": ", problem));
}

}  // namespace jobexec::json::path
