// Applies a parsed query to a document.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/json/jsonpath_ast.h"
#include "common/json/jsonpath_budget.h"

namespace jobexec::json::path {

using Nodes = std::vector<const nlohmann::json*>;

// The value of a singular query below `start`; nullptr if there is none.
const nlohmann::json* SelectSingular(const Query& query, const nlohmann::json& start);

// One evaluation, on one thread. The recursion is as deep as the query is nested, not the document.
// When the budget is exhausted everything returns early, with results that the caller must drop.
class Evaluator {
 public:
  // `root` and `budget` must outlive the evaluator.
  Evaluator(const nlohmann::json& root, Budget& budget) : root_(root), budget_(budget) {}

  // `current` is what @ stands for.
  Nodes Select(const Query& query, const nlohmann::json& current);

 private:
  // Selectors (jsonpath_evaluator.cc)
  Nodes ApplySegment(const Segment& segment, const Nodes& input);
  void VisitDescendants(const Segment& segment, const nlohmann::json& top, Nodes& out);
  void ApplySelectors(const Segment& segment, const nlohmann::json& value, Nodes& out);
  void Apply(const NameSelector& selector, const nlohmann::json& value, Nodes& out);
  void Apply(const WildcardSelector& selector, const nlohmann::json& value, Nodes& out);
  void Apply(const IndexSelector& selector, const nlohmann::json& value, Nodes& out);
  void Apply(const SliceSelector& selector, const nlohmann::json& value, Nodes& out);
  void Apply(const FilterSelector& selector, const nlohmann::json& value, Nodes& out);
  void Append(const nlohmann::json* value, Nodes& out);

  // Filter expressions (jsonpath_filter.cc)
  bool IsTrue(const LogicalExpression& expression, const nlohmann::json& current);
  bool IsTrue(const Comparison& comparison, const nlohmann::json& current);
  bool IsTrue(const Test& test, const nlohmann::json& current);
  bool IsTrue(const Not& negation, const nlohmann::json& current);
  bool IsTrue(const And& conjunction, const nlohmann::json& current);
  bool IsTrue(const Or& disjunction, const nlohmann::json& current);
  bool Matches(const FunctionCall& call, const nlohmann::json& current);
  const re2::RE2* PatternOf(const FunctionCall& call, const nlohmann::json& current);

  // The value of an operand, nullptr for none. Values that are computed are kept in `storage`.
  const nlohmann::json* ValueOf(const Operand& operand, const nlohmann::json& current,
                                nlohmann::json& storage);
  const nlohmann::json* ValueOf(const FunctionCall& call, const nlohmann::json& current,
                                nlohmann::json& storage);

  const nlohmann::json& root_;
  Budget& budget_;
  // The last pattern that came from the document: most often the same for every candidate.
  std::string last_pattern_;
  std::shared_ptr<const re2::RE2> last_compiled_;
};

}  // namespace jobexec::json::path
