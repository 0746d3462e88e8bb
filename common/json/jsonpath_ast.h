// The parsed form of a JSONPath query, named as in RFC 9535. Private to the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace re2 {
class RE2;
}

namespace jobexec::json::path {

struct FunctionCall;
struct LogicalExpression;

struct NameSelector {
  std::string name;
};

struct WildcardSelector {};

struct IndexSelector {
  int64_t index;
};

struct SliceSelector {
  std::optional<int64_t> start;
  std::optional<int64_t> end;
  int64_t step = 1;
};

struct FilterSelector {
  std::unique_ptr<const LogicalExpression> condition;
};

using Selector =
    std::variant<NameSelector, WildcardSelector, IndexSelector, SliceSelector, FilterSelector>;

struct Segment {
  bool descendants = false;  // applies to the value itself and everything below
  std::vector<Selector> selectors;
};

struct Query {
  bool from_root = true;  // $, else @
  std::vector<Segment> segments;
  bool singular = true;
};

// Whatever can be compared or given to a function.
using Operand = std::variant<nlohmann::json, Query, std::unique_ptr<const FunctionCall>>;

enum class Function { kLength, kCount, kMatch, kSearch, kValue };

struct FunctionCall {
  Function function;
  std::vector<Operand> arguments;  // as many and of such types as the function takes
  // Of match() and search() with a literal pattern; null if that is no I-Regexp.
  std::shared_ptr<const re2::RE2> literal_pattern;
};

enum class ComparisonOperator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

struct Comparison {
  ComparisonOperator comparison_operator;
  Operand left;
  Operand right;
};

// A query that selects something, or a function that says yes. Never a literal.
struct Test {
  Operand subject;
};

struct Not {
  std::unique_ptr<const LogicalExpression> operand;
};

struct And {
  std::vector<LogicalExpression> operands;
};

struct Or {
  std::vector<LogicalExpression> operands;
};

struct LogicalExpression {
  std::variant<Comparison, Test, Not, And, Or> node;
};

}  // namespace jobexec::json::path
