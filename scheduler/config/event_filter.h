// The expressions of one entry of an action's `events`. Pure.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/json/jsonpath.h"

namespace re2 {
class RE2;
}

namespace jobexec::scheduler {

// INVALID_ARGUMENT says why `pattern` is no regular expression, or that it is too large a one.
absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileTypePattern(absl::string_view pattern);

// True if the pattern is found anywhere in the type.
bool FindsType(const re2::RE2& pattern, absl::string_view type);

// Blanks around the expression are no part of it. INVALID_ARGUMENT says why it is no JSONPath.
absl::StatusOr<json::JsonPath> CompileProperty(absl::string_view property);

// The text of a string, number or boolean, with which `match` is compared. None for anything else:
// it equals no text.
std::optional<std::string> ComparableText(const nlohmann::json& value);

}  // namespace jobexec::scheduler
