// The filter expressions of the evaluator.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

#include "common/json/i_regexp.h"
#include "common/json/jsonpath_compare.h"
#include "common/json/jsonpath_evaluator.h"
#include "re2/re2.h"

namespace jobexec::json::path {
namespace {

using Json = nlohmann::json;

// Of a pattern that comes from the document; it may take milliseconds.
constexpr size_t kStepsPerCompilation = 40'000;

// Nothing (nullptr) equals nothing.
bool AreOperandsEqual(const Json* left, const Json* right, Budget& budget) {
  if (left == nullptr || right == nullptr) return left == right;
  return AreEqual(*left, *right, budget);
}

bool IsOperandLess(const Json* left, const Json* right, Budget& budget) {
  return left != nullptr && right != nullptr && IsLess(*left, *right, budget);
}

bool Compare(ComparisonOperator comparison_operator, const Json* left, const Json* right,
             Budget& budget) {
  switch (comparison_operator) {
    case ComparisonOperator::kEqual:
      return AreOperandsEqual(left, right, budget);
    case ComparisonOperator::kNotEqual:
      return !AreOperandsEqual(left, right, budget);
    case ComparisonOperator::kLess:
      return IsOperandLess(left, right, budget);
    case ComparisonOperator::kLessOrEqual:
      return IsOperandLess(left, right, budget) || AreOperandsEqual(left, right, budget);
    case ComparisonOperator::kGreater:
      return IsOperandLess(right, left, budget);
    case ComparisonOperator::kGreaterOrEqual:
      return IsOperandLess(right, left, budget) || AreOperandsEqual(left, right, budget);
  }
  return false;
}

// Code points of a string, elements of a list, members of an object; nullptr for all else.
const Json* LengthOf(const Json* value, Budget& budget, Json& storage) {
  if (value == nullptr) return nullptr;
  if (value->is_structured()) {
    storage = value->size();
    return &storage;
  }
  if (!value->is_string()) return nullptr;
  const auto& text = value->get_ref<const std::string&>();
  if (!budget.SpendOnText(text.size())) return nullptr;
  storage = static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  return &storage;
}

}  // namespace

bool Evaluator::IsTrue(const LogicalExpression& expression, const Json& current) {
  return std::visit([&](const auto& kind) { return IsTrue(kind, current); }, expression.node);
}

bool Evaluator::IsTrue(const Comparison& comparison, const Json& current) {
  Json left_storage;
  Json right_storage;
  const Json* const left = ValueOf(comparison.left, current, left_storage);
  const Json* const right = ValueOf(comparison.right, current, right_storage);
  return Compare(comparison.comparison_operator, left, right, budget_);
}

bool Evaluator::IsTrue(const Test& test, const Json& current) {
  if (const auto* const query = std::get_if<Query>(&test.subject)) {
    if (!query->singular) return !Select(*query, current).empty();
    Json unused;
    return ValueOf(test.subject, current, unused) != nullptr;
  }
  return Matches(*std::get<std::unique_ptr<const FunctionCall>>(test.subject), current);
}

bool Evaluator::IsTrue(const Not& negation, const Json& current) {
  return !IsTrue(*negation.operand, current);
}

bool Evaluator::IsTrue(const And& conjunction, const Json& current) {
  return std::all_of(conjunction.operands.begin(), conjunction.operands.end(),
                     [&](const LogicalExpression& operand) { return IsTrue(operand, current); });
}

bool Evaluator::IsTrue(const Or& disjunction, const Json& current) {
  return std::any_of(disjunction.operands.begin(), disjunction.operands.end(),
                     [&](const LogicalExpression& operand) { return IsTrue(operand, current); });
}

// match() wants the whole text, search() any part of it.
bool Evaluator::Matches(const FunctionCall& call, const Json& current) {
  Json storage;
  const Json* const subject = ValueOf(call.arguments[0], current, storage);
  if (subject == nullptr || !subject->is_string()) return false;
  const re2::RE2* const pattern = PatternOf(call, current);
  const auto& text = subject->get_ref<const std::string&>();
  if (pattern == nullptr) return false;
  // At worst RE2 tries every instruction of the pattern at every byte of the text.
  const auto instructions = static_cast<size_t>(pattern->ProgramSize());
  if (!budget_.SpendOnText(text.size() * instructions)) return false;
  return call.function == Function::kMatch ? re2::RE2::FullMatch(text, *pattern)
                                           : re2::RE2::PartialMatch(text, *pattern);
}

const re2::RE2* Evaluator::PatternOf(const FunctionCall& call, const Json& current) {
  const Operand& operand = call.arguments[1];
  if (std::holds_alternative<Json>(operand)) return call.literal_pattern.get();
  Json storage;
  const Json* const pattern = ValueOf(operand, current, storage);
  if (pattern == nullptr || !pattern->is_string()) return nullptr;
  const auto& text = pattern->get_ref<const std::string&>();
  if (!budget_.SpendOnText(text.size())) return nullptr;
  if (last_compiled_ != nullptr && last_pattern_ == text) return last_compiled_.get();
  if (!budget_.Spend(kStepsPerCompilation)) return nullptr;
  last_pattern_ = text;
  last_compiled_ = CompileIRegexp(text);
  return last_compiled_.get();
}

const Json* Evaluator::ValueOf(const Operand& operand, const Json& current, Json& storage) {
  if (const auto* const literal = std::get_if<Json>(&operand)) return literal;
  if (const auto* const query = std::get_if<Query>(&operand)) {
    if (!budget_.Spend(1 + query->segments.size())) return nullptr;
    return SelectSingular(*query, query->from_root ? root_ : current);
  }
  return ValueOf(*std::get<std::unique_ptr<const FunctionCall>>(operand), current, storage);
}

const Json* Evaluator::ValueOf(const FunctionCall& call, const Json& current, Json& storage) {
  if (call.function == Function::kLength) {
    Json argument_storage;
    return LengthOf(ValueOf(call.arguments[0], current, argument_storage), budget_, storage);
  }
  const Nodes nodes = Select(std::get<Query>(call.arguments[0]), current);
  if (call.function == Function::kCount) {
    storage = nodes.size();
    return &storage;
  }
  return nodes.size() == 1 ? nodes.front() : nullptr;  // value()
}

}  // namespace jobexec::json::path
