#include "common/json/jsonpath.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/jsonpath_evaluator.h"
#include "common/json/jsonpath_parser.h"

namespace jobexec::json {

JsonPath::JsonPath(std::shared_ptr<const path::Query> query) : query_(std::move(query)) {}

absl::StatusOr<JsonPath> JsonPath::Compile(absl::string_view expression) {
  ASSIGN_OR_RETURN(path::Query query, path::ParseQuery(expression));
  return JsonPath(std::make_shared<const path::Query>(std::move(query)));
}

bool JsonPath::IsSingular() const { return query_->singular; }

absl::StatusOr<std::vector<const nlohmann::json*>> JsonPath::Select(
    const nlohmann::json& root, const SelectLimits& limits) const {
  if (query_->singular) {
    const nlohmann::json* const value = path::SelectSingular(*query_, root);
    if (value == nullptr) return path::Nodes();
    return path::Nodes{value};
  }
  path::Budget budget(limits.max_steps);
  path::Nodes nodes = path::Evaluator(root, budget).Select(*query_, root);
  if (budget.exhausted()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the JSONPath takes more than ", limits.max_steps, " steps on this document"));
  }
  if (nodes.size() > limits.max_results) {
    return absl::ResourceExhaustedError(absl::StrCat("the JSONPath selects ", nodes.size(),
                                                     " values, more than the limit of ",
                                                     limits.max_results));
  }
  return nodes;
}

}  // namespace jobexec::json
