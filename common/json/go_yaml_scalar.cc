#include "common/json/go_yaml_scalar.h"

#include <cmath>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/time/civil_time.h"
#include "re2/re2.h"

namespace jobexec::json {
namespace {

// null, booleans and the special numbers of YAML 1.1.
bool IsReservedWord(absl::string_view text) {
  static const auto& words = *new absl::flat_hash_set<absl::string_view>{
      "",     "~",    "null", "Null",  "NULL",  "y",     "Y",     "yes",   "Yes",  "YES",
      "n",    "N",    "no",   "No",    "NO",    "on",    "On",    "ON",    "off",  "Off",
      "OFF",  "true", "True", "TRUE",  "false", "False", "FALSE", ".nan",  ".NaN", ".NAN",
      ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};
  return words.contains(text);
}

bool MatchesFully(absl::string_view text, const re2::RE2& pattern) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

std::string WithoutUnderscores(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"_", ""}});
}

// A number too large for a double is no number to the original.
bool IsFinite(absl::string_view text) {
  double value = 0;
  return absl::SimpleAtod(text, &value) && std::isfinite(value);
}

bool IsFloat(absl::string_view text) {
  static const re2::RE2& pattern =
      *new re2::RE2(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  return MatchesFully(text, pattern) && IsFinite(text);
}

// .5 and .1_000e1_0: underscores only between digits, unlike in the other numbers.
bool IsPointFloat(absl::string_view text) {
  static const re2::RE2& pattern =
      *new re2::RE2(R"(\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?)");
  return MatchesFully(text, pattern) && IsFinite(WithoutUnderscores(text));
}

// Times as 190:20:30, which YAML 1.1 reads as a number of base 60.
bool IsBase60(absl::string_view text) {
  static const re2::RE2& pattern =
      *new re2::RE2(R"([-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)");
  return MatchesFully(text, pattern);
}

// Digits of `base` whose value fits 64 bit: unsigned if there is no sign, else signed.
bool FitsInteger(absl::string_view digits, int base, bool has_sign, bool negative) {
  if (digits.empty()) return false;
  uint64_t value = 0;
  for (const char c : digits) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return false;
    const int digit = absl::ascii_isdigit(static_cast<unsigned char>(c))
                          ? c - '0'
                          : absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10;
    if (digit >= base || value > (UINT64_MAX - digit) / base) return false;
    value = value * base + digit;
  }
  return !has_sign || value <= uint64_t{INT64_MAX} + (negative ? 1 : 0);
}

bool ConsumeSign(absl::string_view& text, bool& negative) {
  negative = absl::StartsWith(text, "-");
  if (!negative && !absl::StartsWith(text, "+")) return false;
  text.remove_prefix(1);
  return true;
}

// 0x1F, 0o17, 0b11, each also with a sign in front, and 0b-1. Decimal and 017 are read as floats.
bool IsPrefixedInteger(absl::string_view text) {
  bool negative = false;
  bool has_sign = ConsumeSign(text, negative);
  if (text.size() < 3 || text[0] != '0') return false;
  const char kind = absl::ascii_tolower(static_cast<unsigned char>(text[1]));
  absl::string_view digits = text.substr(2);
  if (kind == 'x') return FitsInteger(digits, 16, has_sign, negative);
  if (kind == 'o') return FitsInteger(digits, 8, has_sign, negative);
  if (kind != 'b') return false;
  if (!has_sign && text[1] == 'b') has_sign = ConsumeSign(digits, negative);
  return FitsInteger(digits, 2, has_sign, negative);
}

// Fields of a time, each of one or two digits.
struct TimeFields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

bool AreInRange(const TimeFields& t) {
  const absl::CivilDay day(t.year, t.month, t.day);  // normalises what is out of range
  return day.month() == t.month && day.day() == t.day && t.hour < 24 && t.minute < 60 &&
         t.second < 60;
}

// 2001-12-14, 2001-12-14 21:59:43.1 and 2001-12-14t21:59:43.1-05:00.
bool IsTimestamp(absl::string_view text) {
  static const re2::RE2& date = *new re2::RE2(R"((\d{4})-(\d\d?)-(\d\d?))");
  static const re2::RE2& time =
      *new re2::RE2(R"((\d{4})-(\d\d?)-(\d\d?))"
                    R"((?: +|[Tt])(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(Z|[-+]\d\d:\d\d)?)");
  const re2::StringPiece input(text.data(), text.size());
  TimeFields t;
  if (re2::RE2::FullMatch(input, date, &t.year, &t.month, &t.day)) return AreInRange(t);
  std::string zone;
  if (!re2::RE2::FullMatch(input, time, &t.year, &t.month, &t.day, &t.hour, &t.minute, &t.second,
                           &zone)) {
    return false;
  }
  const bool wants_zone = !absl::StrContains(text, ' ');
  return AreInRange(t) && wants_zone == !zone.empty();
}

struct Traits {
  bool breaks = false;
  bool special = false;     // has what only double quotes can hold
  bool indicator = false;   // has what would be YAML's own syntax
  bool blank_edge = false;  // starts or ends with a space or a break
  bool trailing_space = false;
  bool space_after_break = false;
  bool space_before_break = false;
};

bool IsBlank(char32_t c) { return c == ' ' || c == '\t'; }

bool IsIndicator(const std::u32string& text, size_t i) {
  const char32_t c = text[i];
  const bool blank_follows = i + 1 == text.size() || IsBlank(text[i + 1]);
  if (i == 0) {
    if (std::u32string_view(U"#,[]{}&*!|>'\"%@`").find(c) != std::u32string_view::npos) return true;
    return (c == '?' || c == ':' || c == '-') && blank_follows;
  }
  const char32_t before = text[i - 1];
  const bool blank_precedes = IsBlank(before) || IsYamlBreak(before) || before == 0;
  return (c == ':' && blank_follows) || (c == '#' && blank_precedes);
}

Traits Analyze(const std::u32string& text) {
  Traits traits;
  traits.indicator = text.substr(0, 3) == U"---" || text.substr(0, 3) == U"...";
  for (size_t i = 0; i < text.size(); ++i) {
    const bool space = text[i] == ' ';
    const bool line_break = IsYamlBreak(text[i]);
    const bool edge = i == 0 || i + 1 == text.size();
    traits.breaks |= line_break;
    traits.special |= text[i] != '\n' && !IsYamlPrintable(text[i]);
    traits.indicator |= IsIndicator(text, i);
    traits.blank_edge |= edge && (space || line_break);
    traits.trailing_space |= space && i + 1 == text.size();
    traits.space_after_break |= space && i > 0 && IsYamlBreak(text[i - 1]);
    traits.space_before_break |= line_break && i > 0 && text[i - 1] == ' ';
  }
  return traits;
}

bool FitsPlain(const Traits& t) { return !t.blank_edge && !t.breaks && !t.special && !t.indicator; }

bool FitsSingleQuotes(const Traits& t) {
  return !t.special && !t.space_after_break && !t.space_before_break;
}

bool FitsLiteral(const Traits& t) {
  return !t.special && !t.trailing_space && !t.space_before_break;
}

}  // namespace

bool IsYamlBreak(char32_t c) {
  return c == '\r' || c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool IsYamlPrintable(char32_t c) {
  return (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xFFFD && c != 0xFEFF);
}

bool IsAmbiguousYaml(absl::string_view text) {
  if (IsReservedWord(text) || IsBase60(text)) return true;
  if (text[0] == '.') return IsPointFloat(text);
  if (!absl::ascii_isdigit(static_cast<unsigned char>(text[0])) && text[0] != '+' &&
      text[0] != '-') {
    return false;
  }
  const std::string digits = WithoutUnderscores(text);
  return IsTimestamp(text) || IsFloat(digits) || IsPrefixedInteger(digits);
}

YamlStyle ChooseYamlStyle(absl::string_view text, const std::u32string& code_points) {
  const Traits traits = Analyze(code_points);
  if (absl::StrContains(text, '\n')) {
    return FitsLiteral(traits) ? YamlStyle::kLiteral : YamlStyle::kDoubleQuoted;
  }
  if (IsAmbiguousYaml(text)) return YamlStyle::kDoubleQuoted;
  if (FitsPlain(traits)) return YamlStyle::kPlain;
  return FitsSingleQuotes(traits) ? YamlStyle::kSingleQuoted : YamlStyle::kDoubleQuoted;
}

}  // namespace jobexec::json
