#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/json/go_json.h"
#include "common/json/json.h"
#include "scheduler/config/yaml_document.h"
#include "scheduler/config/yaml_reader.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

using Json = nlohmann::json;

// Go knows no other numbers than doubles.
bool IsSame(const Json& left, const Json& right) {
  if (left.is_number() && right.is_number()) return left.get<double>() == right.get<double>();
  if (left.type() != right.type() || left.size() != right.size()) return false;
  if (left.is_array()) return std::equal(left.begin(), left.end(), right.begin(), IsSame);
  if (!left.is_object()) return left == right;
  for (const auto& [key, value] : left.items()) {
    if (!right.contains(key) || !IsSame(value, right[key])) return false;
  }
  return true;
}

absl::Status CheckJson(const Json& value) {
  const std::string text = json::ToGoJson(value);
  RETURN_IF_ERROR(Require(text.find_first_of("<>&\n") == std::string::npos, "HTML is escaped"));
  const auto back = json::Parse(text);
  RETURN_IF_ERROR(Require(back.ok() && IsSame(value, *back), "JSON reads back the same"));
  // Of the text "-0" our parser makes an integer, which has no sign.
  return Require(json::ToGoJson(*back) == text || absl::StrContains(text, "-0"),
                 "JSON that is printed again is the same text");
}

// Go does not quote a key "<<", which then reads back as a merge, and it takes U+2028, U+2029 and
// U+0085 for line breaks, as YAML 1.1 does and yaml-cpp does not.
bool IsReadOtherwise(absl::string_view yaml) {
  for (const absl::string_view part : {"<<:", "\u2028", "\u2029", "\u0085"}) {
    if (absl::StrContains(yaml, part)) return true;
  }
  return false;
}

// What our own parser of YAML 1.1 makes of it.
absl::Status CheckYaml(const Json& value) {
  const std::string text = json::ToGoYaml(value);
  RETURN_IF_ERROR(
      Require(IsValidUtf8(text) && absl::EndsWith(text, "\n"), "YAML is lines of text"));
  if (IsReadOtherwise(text)) return absl::OkStatus();
  const auto tree = scheduler::ParseYaml(text);
  if (const auto* const fault = std::get_if<scheduler::ConfigFault>(&tree)) {
    return Require(absl::StrContains(fault->message, "nested deeper"), fault->message);
  }
  scheduler::YamlReader reader;
  Json back;
  scheduler::ReadYaml(reader, *std::get<scheduler::YamlNodePtr>(tree), back);
  return Require(reader.TakeFaults().empty() && IsSame(value, back), "YAML reads back the same");
}

}  // namespace

absl::Status FuzzGoFormat(absl::string_view input) {
  const auto value = json::Parse(input);
  if (!value.ok()) return RequireReadable(value.status().message());
  RETURN_IF_ERROR(CheckJson(*value));
  return CheckYaml(*value);
}

}  // namespace jobexec::fuzz
