#include "scheduler/config/event_filter.h"

#include <re2/re2.h>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/json/go_json.h"
#include "scheduler/config/config_fault.h"

namespace jobexec::scheduler {
namespace {

// Some 4000 instructions, far more than a pattern of types has; a file may hold many patterns, and
// what RE2 would allow takes it 60 ms each.
constexpr int64_t kMaxProgramBytes = int64_t{256} * 1024;

}  // namespace

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileTypePattern(absl::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxProgramBytes);
  auto expression =
      std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (expression->ok()) return expression;
  return absl::InvalidArgumentError(
      absl::StrCat("the pattern \"", Shown(pattern),
                   "\" is no regular expression: ", Shown(expression->error())));
}

bool FindsType(const re2::RE2& pattern, absl::string_view type) {
  return re2::RE2::PartialMatch(re2::StringPiece(type.data(), type.size()), pattern);
}

absl::StatusOr<json::JsonPath> CompileProperty(absl::string_view property) {
  auto path = json::JsonPath::Compile(absl::StripAsciiWhitespace(property));
  if (path.ok()) return path;
  return absl::InvalidArgumentError(absl::StrCat("the property \"", Shown(property),
                                                 "\" is no JSONPath: ", path.status().message()));
}

std::optional<std::string> ComparableText(const nlohmann::json& value) {
  if (!value.is_primitive() || value.is_null()) return std::nullopt;
  return json::ToText(value);
}

}  // namespace jobexec::scheduler
