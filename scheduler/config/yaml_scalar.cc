#include "scheduler/config/yaml_scalar.h"

#include <re2/re2.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"

namespace jobexec::scheduler {
namespace {

bool MayResolve(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kScalar && node.tag != "!" &&
         node.tag != "tag:yaml.org,2002:str" && node.tag != "tag:yaml.org,2002:binary";
}

bool IsOneOf(absl::string_view text, std::initializer_list<absl::string_view> words) {
  for (absl::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

// Takes the prefix off `digits`.
int TakeBase(absl::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char mark = digits[1];
  if (mark == 'x' || mark == 'X') return digits.remove_prefix(2), 16;
  if (mark == 'o' || mark == 'O') return digits.remove_prefix(2), 8;
  if (mark == 'b' || mark == 'B') return digits.remove_prefix(2), 2;
  return digits.remove_prefix(1), 8;
}

std::optional<int64_t> ParseInteger(absl::string_view text) {
  const bool negative = absl::StartsWith(text, "-");
  if (negative || absl::StartsWith(text, "+")) text.remove_prefix(1);
  const int base = TakeBase(text);
  uint64_t magnitude = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, magnitude, base);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (magnitude > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

}  // namespace

std::optional<bool> YamlBool(const YamlNode& node) {
  if (!MayResolve(node)) return std::nullopt;
  const absl::string_view text = node.text;
  if (IsOneOf(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) {
    return true;
  }
  if (IsOneOf(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) {
    return false;
  }
  return std::nullopt;
}

std::variant<std::monostate, int64_t, double> YamlNumber(const YamlNode& node) {
  static const re2::RE2* const kFloat =
      new re2::RE2(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  if (!MayResolve(node) || absl::StartsWith(node.text, "_")) return {};
  const std::string plain = absl::StrReplaceAll(node.text, {{"_", ""}});
  if (std::optional<int64_t> integer = ParseInteger(plain); integer.has_value()) return *integer;
  double value = 0;
  if (re2::RE2::FullMatch(plain, *kFloat) && absl::SimpleAtod(plain, &value) &&
      std::isfinite(value)) {
    return value;
  }
  return {};
}

}  // namespace jobexec::scheduler
