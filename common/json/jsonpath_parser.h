// Text of a JSONPath query to its parsed form.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/json/jsonpath_ast.h"

namespace jobexec::json::path {

inline constexpr size_t kMaxExpressionBytes = 4096;
inline constexpr int kMaxNesting = 32;  // filters, parentheses and calls inside each other

// INVALID_ARGUMENT as JsonPath::Compile.
absl::StatusOr<Query> ParseQuery(absl::string_view expression);

}  // namespace jobexec::json::path
