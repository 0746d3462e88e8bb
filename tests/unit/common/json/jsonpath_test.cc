#include "common/json/jsonpath.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "common/json/json.h"
#include "tests/support/status_matchers.h"

namespace jobexec::json {
namespace {

using absl::StatusCode;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Case {
  const char* path;
  const char* expected;  // list of the selected values
};

std::string Selected(const char* path, const nlohmann::json& document) {
  const auto compiled = JsonPath::Compile(path);
  if (!compiled.ok()) return compiled.status().ToString();
  const auto nodes = compiled->Select(document);
  if (!nodes.ok()) return nodes.status().ToString();
  nlohmann::json values = nlohmann::json::array();
  for (const nlohmann::json* const node : *nodes) values.push_back(*node);
  return Dump(values);
}

template <size_t N>
void ExpectSelected(const Case (&cases)[N], const nlohmann::json& document) {
  for (const Case& c : cases) EXPECT_EQ(Selected(c.path, document), c.expected) << c.path;
}

const nlohmann::json& Event() {
  static const auto& event = *new nlohmann::json(nlohmann::json::parse(R"({
    "id": "1", "type": "sh.keptn.event.test.triggered",
    "data": {
      "test": {"teststrategy": "locust", "names-dash": "d", "": "empty", "a.b": "dot"},
      "list": [0, 1, 2, 3, {"k": "v"}, ["n"]],
      "jobs": [{"name": "a", "n": 1}, {"name": "b", "n": 2.0}, {"name": "é", "n": "2"}, {"n": null}]
    }})"));
  return event;
}

TEST(JsonPath, NamesAndIndexes) {
  const Case cases[] = {
      {"$.id", R"(["1"])"},
      {"$.data.test.teststrategy", R"(["locust"])"},
      {"$['data'][\"test\"]['names-dash']", R"(["d"])"},
      {"$.data.test['']", R"(["empty"])"},
      {"$.data.test['a.b']", R"(["dot"])"},
      {"$ .data\n['list'] [ 1 ]", "[1]"},
      {"$.data.list[-1]", R"([["n"]])"},
      {"$.data.list[6]", "[]"},
      {"$.data.list[-7]", "[]"},
      {"$.data.list.k", "[]"},
      {"$.data[0]", "[]"},
      {"$.id.x", "[]"},
      {"$.nope.x", "[]"},
  };
  ExpectSelected(cases, Event());
}

TEST(JsonPath, WildcardsSlicesAndUnions) {
  const Case cases[] = {
      {"$.data.list[0:2]", "[0,1]"},
      {"$.data.list[1:4:2]", "[1,3]"},
      {"$.data.list[-2:]", R"([{"k":"v"},["n"]])"},
      {"$.data.list[2::-1]", "[2,1,0]"},
      {"$.data.list[::0]", "[]"},
      {"$.data.list[1:9007199254740991:9007199254740991]", "[1]"},
      {"$.data.list[::-9007199254740991]", R"([["n"]])"},
      {"$.data.list[0, 0, 'k', 1:2]", "[0,0,1]"},
      {"$.data.jobs[*].name", R"(["a","b","é"])"},
      {"$.data.test.*", R"(["empty","dot","d","locust"])"},
      {"$.id.*", "[]"},
  };
  ExpectSelected(cases, Event());
}

TEST(JsonPath, DescendantsComeInDocumentOrder) {
  const Case cases[] = {
      {"$..k", R"(["v"])"},
      {"$..name", R"(["a","b","é"])"},
      {"$..[0]", R"([{"n":1,"name":"a"},0,"n"])"},
      {"$.data.list..*", R"([0,1,2,3,{"k":"v"},["n"],"v","n"])"},
  };
  ExpectSelected(cases, Event());
}

TEST(JsonPath, Filters) {
  const Case cases[] = {
      {"$.data.jobs[?@.name == 'b'].n", "[2.0]"},
      {"$.data.jobs[?@.n == 2].name", R"(["b"])"},
      {"$.data.jobs[?@.n == null]", R"([{"n":null}])"},
      {"$.data.jobs[?@.nope == @.nada].n", R"([1,2.0,"2",null])"},
      {"$.data.jobs[?!@.name]", R"([{"n":null}])"},
      {"$.data.jobs[?@.n >= 1 && @.n <= 2].name", R"(["a","b"])"},
      {"$.data.jobs[?@.name < 'b' || (@.n > 1 && !(@.n == 3))].name", R"(["a","b"])"},
      {"$.data.jobs[?@.name != $.nope].name", R"(["a","b","é"])"},
      {"$.data.jobs[?length(@.name) == 1].name", R"(["a","b","é"])"},
      {"$.data.jobs[?count(@.*) < 2]", R"([{"n":null}])"},
      {"$.data.jobs[?value(@.*) == null]", R"([{"n":null}])"},
      {"$.data.jobs[?match(@.name, '[a-b]')].name", R"(["a","b"])"},
      {"$.data.jobs[?search(@.name, $.id)].name", "[]"},
      {"$.data.jobs[?search(@.name, '(')].name", "[]"},
      {"$[?@.test.teststrategy == 'locust'].list[0]", "[0]"},
      {"$.data.list[?@[0] == 'n']", R"([["n"]])"},
      {"$.data[?@[?@ == 3]][3]", "[3]"},
      {"$.data.list[?@ == $.data.list[4]]", R"([{"k":"v"}])"},
  };
  ExpectSelected(cases, Event());
}

TEST(JsonPath, NumbersCompareByValue) {
  const nlohmann::json document =
      *Parse("[1, 1.0, 10e-1, -1, 18446744073709551615, 9007199254740993, -9007199254740993]");
  const Case cases[] = {
      {"$[?@ == 1]", "[1,1.0,1.0]"},
      {"$[?@ == -1]", "[-1]"},
      {"$[?@ > 9007199254740992]", "[18446744073709551615,9007199254740993]"},
      {"$[?@ < -9007199254740992]", "[-9007199254740993]"},
      {"$[?@ == 18446744073709551615]", "[18446744073709551615]"},
  };
  ExpectSelected(cases, document);
}

TEST(JsonPath, StringEscapes) {
  const nlohmann::json document = *Parse(R"({"a'b":1,"a\"b":2,"\n":3,"😀":4,"\\":5,"é":6})");
  const Case cases[] = {
      {R"($['a\'b'])", "[1]"},         {R"($["a'b"])", "[1]"}, {R"($["a\"b"])", "[2]"},
      {R"($['a"b'])", "[2]"},          {R"($['\n'])", "[3]"},  {R"($['\u000A'])", "[3]"},
      {R"($['\ud83D\uDE00'])", "[4]"}, {"$.😀", "[4]"},         {R"($["\\"])", "[5]"},
      {R"($['\u00e9'])", "[6]"},
  };
  ExpectSelected(cases, document);
}

TEST(JsonPath, KnowsWhetherAQueryIsSingular) {
  for (const char* const path : {"$", "$.a", "$['a'][0]", "$.a[-1].b"}) {
    EXPECT_TRUE(JsonPath::Compile(path)->IsSingular()) << path;
  }
  for (const char* const path : {"$.*", "$..a", "$[0,1]", "$['a','b']", "$[0:1]", "$[?@.a]"}) {
    EXPECT_FALSE(JsonPath::Compile(path)->IsSingular()) << path;
  }
}

TEST(JsonPath, SelectsWithoutCopying) {
  const auto path = JsonPath::Compile("$.data.list");
  EXPECT_EQ(path->Select(Event())->front(), &Event().at("data").at("list"));
}

TEST(JsonPath, ErrorsSayWhereFoundAndExpected) {
  struct ErrorCase {
    const char* path;
    const char* where;
    const char* what;
  };
  const ErrorCase cases[] = {
      {"", "column 1", "found the end, expected '$'"},
      {"data.x", "column 1", "found 'd', expected '$'"},
      {" $", "column 1", "found ' '"},
      {"$ ", "column 2", "found ' ', expected '.', '[' or the end"},
      {"$.", "column 3", "found the end, expected a member name or '*'"},
      {"$.é[", "column 5", "found the end, expected a name in quotes"},
      {"$.names-dash", "column 8", "found '-', expected '.', '[' or the end"},
      {"$.arr.0", "column 7", "found '0', expected a member name"},
      {"$[\x01]", "column 3", "found '\\x01', expected a name in quotes"},
      {"$[01]", "column 4", "found '1', expected ',' or ']'"},
      {"$[-0]", "column 3", "found '-0'"},
      {"$[9007199254740992]", "column 3", "out of range"},
      {"$[99999999999999999999]", "column 3", "out of range"},
      {"$['a]", "column 6", "expected the closing '"},
      {"$['a\n']", "column 5", "control character"},
      {R"($["\'"])", "column 5", "after the backslash"},
      {R"($['\x'])", "column 5", "after the backslash"},
      {R"($['\ud800'])", "column 10", "low surrogate"},
      {R"($['\udc00'])", "column 6", "high one"},
      {R"($['\u12g4'])", "column 8", "hexadecimal digit"},
      {"$[?@.a = 1]", "column 8", "found '=', expected ',' or ']'"},
      {"$[?@.a == ]", "column 11", "found ']', expected a query"},
      {"$[?@.a == foo]", "column 11", "found 'foo', expected true, false, null"},
      {"$[?'a']", "column 4", "a literal is no condition"},
      {"$[?@.* == 1]", "column 4", "may select several values"},
      {"$[?1 == @..a]", "column 9", "may select several values"},
      {"$[?(@.a]", "column 8", "found ']', expected '&&', '||' or ')'"},
      {"$[?nope(@)]", "column 4", "found the function nope()"},
      {"$[?length(@.a)]", "column 4", "length() gives a value"},
      {"$[?length(@.*) == 1]", "column 11", "may select several values"},
      {"$[?length() == 1]", "column 11", "found ')'"},
      {"$[?length(@.a, @.b) == 1]", "column 14", "found ',', expected ')'"},
      {"$[?match(@.a) == 1]", "column 13", "found ')', expected ','"},
      {"$[?match(@.a, 'b') == true]", "column 4", "answers yes or no"},
      {"$[?count('a') == 1]", "column 10", "expected a query ($ or @) as argument of count()"},
      {"$[?@.a == 1e999]", "column 11", "out of range"},
      {"$[?@.a == 1.]", "column 13", "expected a digit"},
      {"$[?!@.a == 1]", "column 9", "found '=', expected ',' or ']'"},
  };
  for (const ErrorCase& c : cases) {
    EXPECT_THAT(JsonPath::Compile(c.path),
                StatusIs(StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(std::string(c.where) + ":"), HasSubstr(c.what))))
        << c.path;
  }
}

TEST(JsonPath, RefusesInvalidUtf8) {
  EXPECT_THAT(JsonPath::Compile("$.a\xff"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("UTF-8")));
}

TEST(JsonPath, RefusesLongExpressions) {
  EXPECT_THAT(JsonPath::Compile("$." + std::string(4094, 'a')), IsOk());
  EXPECT_THAT(
      JsonPath::Compile("$." + std::string(4095, 'a')),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("4097 bytes, expected at most 4096")));
}

// `levels` times `open`, then `inner`, then as often `close`.
std::string Nest(int levels, const std::string& open, const std::string& inner,
                 const std::string& close) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += open;
  text += inner;
  for (int i = 0; i < levels; ++i) text += close;
  return text;
}

TEST(JsonPath, RefusesDeepNesting) {
  EXPECT_THAT(JsonPath::Compile("$[?" + Nest(31, "(", "@.a", ")") + "]"), IsOk());
  EXPECT_THAT(JsonPath::Compile("$" + Nest(32, "[?@", "", "]")), IsOk());
  EXPECT_THAT(JsonPath::Compile("$[?" + Nest(30, "length(", "@.a", ")") + "==1]"), IsOk());
  const std::string too_deep[] = {
      "$[?" + Nest(32, "(", "@.a", ")") + "]",    "$[?" + Nest(2000, "(", "@.a", ")") + "]",
      "$[?" + Nest(1000, "!(", "@.a", ")") + "]", "$" + Nest(33, "[?@", "", "]"),
      "$" + Nest(1000, "[?@", "", "]"),           "$[?" + Nest(400, "length(", "@.a", ")") + "==1]",
  };
  for (const std::string& path : too_deep) {
    EXPECT_THAT(JsonPath::Compile(path),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("deeper than the limit of 32")));
  }
}

TEST(JsonPath, BoundsTheResults) {
  const nlohmann::json document = nlohmann::json::array({1, 2, 3});
  const auto path = JsonPath::Compile("$[*]");
  EXPECT_THAT(*path->Select(document, {.max_results = 3}), SizeIs(3));
  EXPECT_THAT(path->Select(document, {.max_results = 2}),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("more than the limit of 2")));
}

TEST(JsonPath, BoundsTheWork) {
  nlohmann::json wide = nlohmann::json::array();
  for (int i = 0; i < 1000; ++i) wide.push_back(std::string(100, 'x'));
  nlohmann::json deep = 1;
  for (int i = 0; i < 60; ++i) deep = nlohmann::json::array({std::move(deep)});
  const char* const costly_on_wide[] = {
      "$[?$[?$[?@ == 1]]]",
      "$[?count($[?count($[*]) == 1]) == 0]",
      "$[?match(@, $[0])][?search(@, '')]",
      "$[?$ == $]",
      "$[?length(@) == 1 || $[?length(@) == 2]]",
      "$[?match(@, $[-1])]",
  };
  for (const char* const path : costly_on_wide) {
    EXPECT_THAT(JsonPath::Compile(path)->Select(wide, {.max_steps = 10'000}),
                StatusIs(StatusCode::kResourceExhausted, HasSubstr("10000 steps")))
        << path;
  }
  EXPECT_THAT(JsonPath::Compile("$..*..*..*..*..*..*..*")->Select(deep),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("steps")));
}

TEST(JsonPath, ManyThreadsMaySelectAtOnce) {
  const auto path = JsonPath::Compile("$.data.jobs[?search(@.name, '[ab]') && @.n < 3].name");
  std::vector<std::thread> threads;
  std::vector<size_t> found(4);
  threads.reserve(found.size());
  for (size_t& count : found) {
    threads.emplace_back([&path, &count] {
      for (int i = 0; i < 100; ++i) count += path->Select(Event())->size();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, std::vector<size_t>(4, 200));
}

}  // namespace
}  // namespace jobexec::json
