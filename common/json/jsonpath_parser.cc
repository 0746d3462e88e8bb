#include "common/json/jsonpath_parser.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/json/i_regexp.h"
#include "common/json/jsonpath_cursor.h"

namespace jobexec::json::path {
namespace {

enum class ArgumentType { kNone, kValue, kNodes };

// The functions of RFC 9535, section 2.4. Those without a value as result answer yes or no.
struct Signature {
  absl::string_view name;
  Function function;
  std::array<ArgumentType, 2> arguments;
  bool returns_value;
};

constexpr Signature kSignatures[] = {
    {"length", Function::kLength, {ArgumentType::kValue, ArgumentType::kNone}, true},
    {"count", Function::kCount, {ArgumentType::kNodes, ArgumentType::kNone}, true},
    {"match", Function::kMatch, {ArgumentType::kValue, ArgumentType::kValue}, false},
    {"search", Function::kSearch, {ArgumentType::kValue, ArgumentType::kValue}, false},
    {"value", Function::kValue, {ArgumentType::kNodes, ArgumentType::kNone}, true},
};

const Signature* FindSignature(absl::string_view name) {
  for (const Signature& signature : kSignatures) {
    if (signature.name == name) return &signature;
  }
  return nullptr;
}

const Signature& SignatureOf(const FunctionCall& call) {
  return kSignatures[static_cast<size_t>(call.function)];
}

bool IsSingularSegment(const Segment& segment) {
  if (segment.descendants || segment.selectors.size() != 1) return false;
  const Selector& selector = segment.selectors.front();
  return std::holds_alternative<NameSelector>(selector) ||
         std::holds_alternative<IndexSelector>(selector);
}

// Null for anything but a function call.
const FunctionCall* AsCall(const Operand& operand) {
  const auto* const call = std::get_if<std::unique_ptr<const FunctionCall>>(&operand);
  return call == nullptr ? nullptr : call->get();
}

// Recursive descent along the grammar of the RFC's appendix A; the depth is bounded by Nested.
class Parser {
 public:
  explicit Parser(absl::string_view expression) : cursor_(expression) {}

  absl::StatusOr<Query> ParseWhole();

 private:
  // Queries
  absl::StatusOr<Query> ParseQueryAfterIdentifier(bool from_root);
  absl::StatusOr<Segment> ParseSegment();
  absl::StatusOr<Segment> ParseBrackets(bool descendants);
  absl::StatusOr<Segment> ParseShorthand(bool descendants);
  absl::StatusOr<Selector> ParseSelector();
  absl::StatusOr<Selector> ParseIndexOrSlice();
  absl::StatusOr<Selector> ParseFilter();
  absl::StatusOr<std::optional<int64_t>> ParseOptionalInteger();

  // Filters
  absl::StatusOr<LogicalExpression> ParseOr();
  absl::StatusOr<LogicalExpression> ParseAnd();
  absl::StatusOr<LogicalExpression> ParseBasic();
  absl::StatusOr<LogicalExpression> ParseNegated();
  absl::StatusOr<LogicalExpression> ParseParentheses();
  absl::StatusOr<LogicalExpression> ParseComparisonOrTest();
  absl::StatusOr<LogicalExpression> ParseTest();
  std::optional<ComparisonOperator> ParseOperator();
  absl::StatusOr<Operand> ParseComparable();
  absl::StatusOr<Operand> ParseOperand();
  absl::StatusOr<Operand> ParseWord();
  absl::StatusOr<Operand> ParseCall(const Signature& signature);
  absl::StatusOr<Operand> ParseArgument(const Signature& signature, ArgumentType type);

  absl::Status CheckValue(const Operand& operand, size_t position) const;
  absl::Status CheckTest(const Operand& operand, size_t position) const;

  // Runs `parse` one level deeper.
  template <typename T>
  absl::StatusOr<T> Nested(absl::StatusOr<T> (Parser::*parse)()) {
    if (depth_ == kMaxNesting) {
      return cursor_.ErrorAt(cursor_.position(), absl::StrCat("nested deeper than the limit of ",
                                                              kMaxNesting, " levels"));
    }
    ++depth_;
    absl::StatusOr<T> result = (this->*parse)();
    --depth_;
    return result;
  }

  Cursor cursor_;
  int depth_ = 0;
};

absl::StatusOr<Query> Parser::ParseWhole() {
  RETURN_IF_ERROR(cursor_.Expect("$"));
  ASSIGN_OR_RETURN(Query query, ParseQueryAfterIdentifier(true));
  if (!cursor_.AtEnd()) return cursor_.Unexpected("'.', '[' or the end");
  return query;
}

absl::StatusOr<Query> Parser::ParseQueryAfterIdentifier(bool from_root) {
  Query query;
  query.from_root = from_root;
  for (;;) {
    const size_t end = cursor_.position();
    cursor_.SkipBlanks();
    if (cursor_.Peek() != '.' && cursor_.Peek() != '[') {
      cursor_.GoBackTo(end);  // blanks after the last segment are not part of the query
      return query;
    }
    ASSIGN_OR_RETURN(Segment segment, ParseSegment());
    query.singular = query.singular && IsSingularSegment(segment);
    query.segments.push_back(std::move(segment));
  }
}

absl::StatusOr<Segment> Parser::ParseSegment() {
  if (cursor_.Peek() == '[') return ParseBrackets(false);
  if (!cursor_.Consume("..")) {
    RETURN_IF_ERROR(cursor_.Expect("."));
    return ParseShorthand(false);
  }
  return cursor_.Peek() == '[' ? ParseBrackets(true) : ParseShorthand(true);
}

absl::StatusOr<Segment> Parser::ParseShorthand(bool descendants) {
  Segment segment;
  segment.descendants = descendants;
  if (cursor_.Consume("*")) {
    segment.selectors.emplace_back(WildcardSelector{});
    return segment;
  }
  ASSIGN_OR_RETURN(std::string name, cursor_.ReadName());
  segment.selectors.emplace_back(NameSelector{std::move(name)});
  return segment;
}

absl::StatusOr<Segment> Parser::ParseBrackets(bool descendants) {
  Segment segment;
  segment.descendants = descendants;
  RETURN_IF_ERROR(cursor_.Expect("["));
  do {
    cursor_.SkipBlanks();
    ASSIGN_OR_RETURN(Selector selector, ParseSelector());
    segment.selectors.push_back(std::move(selector));
    cursor_.SkipBlanks();
  } while (cursor_.Consume(","));
  if (!cursor_.Consume("]")) return cursor_.Unexpected("',' or ']'");
  return segment;
}

absl::StatusOr<Selector> Parser::ParseSelector() {
  if (cursor_.AtString()) {
    ASSIGN_OR_RETURN(std::string name, cursor_.ReadString());
    return Selector(NameSelector{std::move(name)});
  }
  if (cursor_.Consume("*")) return Selector(WildcardSelector{});
  if (cursor_.Consume("?")) return Nested(&Parser::ParseFilter);
  if (cursor_.AtInteger() || cursor_.Peek() == ':') return ParseIndexOrSlice();
  return cursor_.Unexpected("a name in quotes, an index, a slice, '*' or '?'");
}

absl::StatusOr<std::optional<int64_t>> Parser::ParseOptionalInteger() {
  cursor_.SkipBlanks();
  if (!cursor_.AtInteger()) return std::optional<int64_t>();
  ASSIGN_OR_RETURN(const int64_t value, cursor_.ReadInteger());
  cursor_.SkipBlanks();
  return std::optional<int64_t>(value);
}

absl::StatusOr<Selector> Parser::ParseIndexOrSlice() {
  SliceSelector slice;
  ASSIGN_OR_RETURN(slice.start, ParseOptionalInteger());
  if (!cursor_.Consume(":")) return Selector(IndexSelector{slice.start.value_or(0)});
  ASSIGN_OR_RETURN(slice.end, ParseOptionalInteger());
  if (cursor_.Consume(":")) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> step, ParseOptionalInteger());
    slice.step = step.value_or(1);
  }
  return Selector(slice);
}

absl::StatusOr<Selector> Parser::ParseFilter() {
  cursor_.SkipBlanks();
  ASSIGN_OR_RETURN(LogicalExpression condition, ParseOr());
  return Selector(FilterSelector{std::make_unique<const LogicalExpression>(std::move(condition))});
}

absl::StatusOr<LogicalExpression> Parser::ParseOr() {
  std::vector<LogicalExpression> operands;
  do {
    cursor_.SkipBlanks();
    ASSIGN_OR_RETURN(LogicalExpression operand, ParseAnd());
    operands.push_back(std::move(operand));
    cursor_.SkipBlanks();
  } while (cursor_.Consume("||"));
  if (operands.size() == 1) return std::move(operands.front());
  return LogicalExpression{Or{std::move(operands)}};
}

absl::StatusOr<LogicalExpression> Parser::ParseAnd() {
  std::vector<LogicalExpression> operands;
  do {
    cursor_.SkipBlanks();
    ASSIGN_OR_RETURN(LogicalExpression operand, ParseBasic());
    operands.push_back(std::move(operand));
    cursor_.SkipBlanks();
  } while (cursor_.Consume("&&"));
  if (operands.size() == 1) return std::move(operands.front());
  return LogicalExpression{And{std::move(operands)}};
}

absl::StatusOr<LogicalExpression> Parser::ParseBasic() {
  if (cursor_.Consume("!")) return ParseNegated();
  if (cursor_.Consume("(")) return Nested(&Parser::ParseParentheses);
  return ParseComparisonOrTest();
}

// `!` binds to parentheses or to one test, not to a comparison.
absl::StatusOr<LogicalExpression> Parser::ParseNegated() {
  cursor_.SkipBlanks();
  const bool parentheses = cursor_.Consume("(");
  ASSIGN_OR_RETURN(LogicalExpression operand,
                   parentheses ? Nested(&Parser::ParseParentheses) : ParseTest());
  return LogicalExpression{Not{std::make_unique<const LogicalExpression>(std::move(operand))}};
}

absl::StatusOr<LogicalExpression> Parser::ParseParentheses() {
  ASSIGN_OR_RETURN(LogicalExpression inner, ParseOr());
  if (!cursor_.Consume(")")) return cursor_.Unexpected("'&&', '||' or ')'");
  return inner;
}

absl::StatusOr<LogicalExpression> Parser::ParseTest() {
  const size_t begin = cursor_.position();
  ASSIGN_OR_RETURN(Operand subject, ParseOperand());
  RETURN_IF_ERROR(CheckTest(subject, begin));
  return LogicalExpression{Test{std::move(subject)}};
}

absl::StatusOr<LogicalExpression> Parser::ParseComparisonOrTest() {
  const size_t begin = cursor_.position();
  ASSIGN_OR_RETURN(Operand left, ParseOperand());
  const size_t end = cursor_.position();
  cursor_.SkipBlanks();
  const std::optional<ComparisonOperator> comparison_operator = ParseOperator();
  if (!comparison_operator) {
    cursor_.GoBackTo(end);
    RETURN_IF_ERROR(CheckTest(left, begin));
    return LogicalExpression{Test{std::move(left)}};
  }
  RETURN_IF_ERROR(CheckValue(left, begin));
  cursor_.SkipBlanks();
  ASSIGN_OR_RETURN(Operand right, ParseComparable());
  return LogicalExpression{Comparison{*comparison_operator, std::move(left), std::move(right)}};
}

std::optional<ComparisonOperator> Parser::ParseOperator() {
  if (cursor_.Consume("==")) return ComparisonOperator::kEqual;
  if (cursor_.Consume("!=")) return ComparisonOperator::kNotEqual;
  if (cursor_.Consume("<=")) return ComparisonOperator::kLessOrEqual;
  if (cursor_.Consume(">=")) return ComparisonOperator::kGreaterOrEqual;
  if (cursor_.Consume("<")) return ComparisonOperator::kLess;
  if (cursor_.Consume(">")) return ComparisonOperator::kGreater;
  return std::nullopt;
}

absl::StatusOr<Operand> Parser::ParseComparable() {
  const size_t begin = cursor_.position();
  ASSIGN_OR_RETURN(Operand operand, ParseOperand());
  RETURN_IF_ERROR(CheckValue(operand, begin));
  return operand;
}

absl::StatusOr<Operand> Parser::ParseOperand() {
  if (cursor_.AtString()) {
    ASSIGN_OR_RETURN(std::string text, cursor_.ReadString());
    return Operand(nlohmann::json(std::move(text)));
  }
  if (cursor_.AtInteger()) {
    ASSIGN_OR_RETURN(nlohmann::json number, cursor_.ReadNumber());
    return Operand(std::move(number));
  }
  if (cursor_.Peek() == '$' || cursor_.Peek() == '@') {
    const bool from_root = cursor_.Consume("$");
    if (!from_root) RETURN_IF_ERROR(cursor_.Expect("@"));
    ASSIGN_OR_RETURN(Query query, ParseQueryAfterIdentifier(from_root));
    return Operand(std::move(query));
  }
  return Nested(&Parser::ParseWord);
}

absl::StatusOr<Operand> Parser::ParseWord() {
  const size_t begin = cursor_.position();
  const std::string word = cursor_.ReadWord();
  if (word.empty()) return cursor_.Unexpected("a query ($ or @), a literal or a function");
  if (cursor_.Consume("(")) {
    const Signature* const signature = FindSignature(word);
    if (signature != nullptr) return ParseCall(*signature);
    return cursor_.ErrorAt(begin,
                           absl::StrCat("found the function ", word,
                                        "(), expected length, count, match, search or value"));
  }
  if (word == "true" || word == "false") return Operand(nlohmann::json(word == "true"));
  if (word == "null") return Operand(nlohmann::json(nullptr));
  return cursor_.ErrorAt(
      begin, absl::StrCat("found '", word, "', expected true, false, null or a function call"));
}

absl::StatusOr<Operand> Parser::ParseCall(const Signature& signature) {
  FunctionCall call{signature.function, {}, nullptr};
  for (const ArgumentType type : signature.arguments) {
    if (type == ArgumentType::kNone) break;
    if (!call.arguments.empty()) RETURN_IF_ERROR(cursor_.Expect(","));
    cursor_.SkipBlanks();
    ASSIGN_OR_RETURN(Operand argument, ParseArgument(signature, type));
    call.arguments.push_back(std::move(argument));
    cursor_.SkipBlanks();
  }
  RETURN_IF_ERROR(cursor_.Expect(")"));
  if (!signature.returns_value) {
    const auto* const pattern = std::get_if<nlohmann::json>(&call.arguments[1]);
    if (pattern != nullptr && pattern->is_string()) {
      call.literal_pattern = CompileIRegexp(pattern->get_ref<const std::string&>());
    }
  }
  return Operand(std::make_unique<const FunctionCall>(std::move(call)));
}

absl::StatusOr<Operand> Parser::ParseArgument(const Signature& signature, ArgumentType type) {
  if (type == ArgumentType::kValue) return ParseComparable();
  const size_t begin = cursor_.position();
  ASSIGN_OR_RETURN(Operand argument, ParseOperand());
  if (!std::holds_alternative<Query>(argument)) {
    return cursor_.ErrorAt(
        begin, absl::StrCat("expected a query ($ or @) as argument of ", signature.name, "()"));
  }
  return argument;
}

// Comparisons and functions of values take a literal, a singular query or a function with a value.
absl::Status Parser::CheckValue(const Operand& operand, size_t position) const {
  const auto* const query = std::get_if<Query>(&operand);
  if (query != nullptr && !query->singular) {
    return cursor_.ErrorAt(position,
                           "the query may select several values, expected names and indexes only");
  }
  const FunctionCall* const call = AsCall(operand);
  if (call != nullptr && !SignatureOf(*call).returns_value) {
    return cursor_.ErrorAt(
        position, absl::StrCat(SignatureOf(*call).name, "() answers yes or no, expected a value"));
  }
  return absl::OkStatus();
}

absl::Status Parser::CheckTest(const Operand& operand, size_t position) const {
  if (std::holds_alternative<nlohmann::json>(operand)) {
    return cursor_.ErrorAt(position, "a literal is no condition, expected a comparison with it");
  }
  const FunctionCall* const call = AsCall(operand);
  if (call != nullptr && SignatureOf(*call).returns_value) {
    return cursor_.ErrorAt(
        position,
        absl::StrCat(SignatureOf(*call).name, "() gives a value, expected a comparison with it"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Query> ParseQuery(absl::string_view expression) {
  if (expression.size() > kMaxExpressionBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "JSONPath of ", expression.size(), " bytes, expected at most ", kMaxExpressionBytes));
  }
  if (!IsValidUtf8(expression)) return absl::InvalidArgumentError("JSONPath: not UTF-8");
  return Parser(expression).ParseWhole();
}

}  // namespace jobexec::json::path
