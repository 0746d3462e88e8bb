#include "common/json/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"

namespace jobexec::json {
namespace {

using absl::StatusCode;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Parse, ReadsEveryKindOfValue) {
  const char* const texts[] = {"null", "true",  "false",     "0",         "-1",
                               "1.5",  "\"a\"", "[1,[2,3]]", "{\"a\":{}}"};
  for (const char* const text : texts) {
    const auto value = Parse(text);
    ASSERT_THAT(value, IsOk()) << text;
    EXPECT_EQ(Dump(*value), text);
  }
}

TEST(Parse, LastOfDuplicateKeysWins) {
  EXPECT_EQ(Dump(*Parse(R"({"a":1,"b":2,"a":{"c":3}})")), R"({"a":{"c":3},"b":2})");
}

TEST(Parse, IntegersBeyond64BitBecomeDoubles) {
  EXPECT_TRUE(Parse("18446744073709551615")->is_number_unsigned());
  EXPECT_TRUE(Parse("18446744073709551616")->is_number_float());
  EXPECT_TRUE(Parse("-9223372036854775809")->is_number_float());
}

TEST(Parse, SaysWhereAndWhatWasExpected) {
  struct Case {
    absl::string_view text;
    const char* where;
    const char* what;
  };
  const Case cases[] = {
      {"", "line 1, column 1", "input"},
      {"{\"a\":1", "line 1, column 7", "expected '}'"},
      {"{\n  \"a\" 1}", "line 2, column 7", "expected ':'"},
      {"[1,]", "line 1, column 4", "unexpected ']'"},
      {"[1] 2", "line 1, column 5", "expected end of input"},
      {"{a:1}", "line 1, column 2", "object key"},
      {"'a'", "line 1, column 1", "invalid literal"},
      {"\"a", "line 1, column 3", "missing closing quote"},
      {"\"\x01\"", "line 1, column 2", "control character"},
      {"\"\xff\"", "line 1, column 2", "UTF-8"},
      {"\"\xed\xa0\x80\"", "line 1, column 3", "UTF-8"},
      {R"("\ud800")", "line 1, column 8", "surrogate"},
      {"1e999", "byte 5", "out of range"},
      {"01", "line 1, column 2", "expected end of input"},
      {absl::string_view("1\0]", 3), "byte 2", "NUL"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Parse(c.text), StatusIs(StatusCode::kInvalidArgument,
                                        AllOf(HasSubstr(c.where), HasSubstr(c.what))))
        << std::string(c.text);
  }
}

TEST(Parse, ErrorsDoNotQuoteTheText) {
  EXPECT_THAT(Parse(R"({"password":"hunter2)"),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("missing closing quote"), Not(HasSubstr("hunter2")))));
  EXPECT_THAT(Parse("hunter2"), StatusIs(StatusCode::kInvalidArgument, Not(HasSubstr("hunter2"))));
  EXPECT_THAT(Parse("1234e999"), StatusIs(StatusCode::kInvalidArgument, Not(HasSubstr("1234"))));
}

TEST(Parse, RefusesTextsOverTheByteLimit) {
  EXPECT_THAT(Parse("[1]", {.max_bytes = 3}), IsOk());
  EXPECT_THAT(Parse("[12]", {.max_bytes = 3}),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("4 bytes")));
  const std::string large(4 * 1024 * 1024 + 1, ' ');
  EXPECT_THAT(Parse(large), StatusIs(StatusCode::kResourceExhausted, HasSubstr("4194304")));
}

TEST(Parse, RefusesDeepNesting) {
  EXPECT_THAT(Parse("[[{}]]", {.max_depth = 3}), IsOk());
  EXPECT_THAT(Parse("[],[[{}]]", {.max_depth = 3}), Not(IsOk()));
  EXPECT_THAT(Parse("[[{\"a\":[]}]]", {.max_depth = 3}),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("3 levels")));
  EXPECT_THAT(Parse("1", {.max_depth = 0}), IsOk());
  const std::string bomb(1'000'000, '[');
  EXPECT_THAT(Parse(bomb), StatusIs(StatusCode::kResourceExhausted, HasSubstr("64 levels")));
}

TEST(Parse, BracketsInStringsAreNoNesting) {
  EXPECT_THAT(Parse(R"(["[[[[", "\"[[[", "\\", {"}[[[[":1}])", {.max_depth = 2}), IsOk());
}

TEST(Dump, SortsKeysAndReplacesInvalidUtf8) {
  EXPECT_EQ(Dump(nlohmann::json{{"b", 1}, {"a", "\xff"}}), "{\"a\":\"\xEF\xBF\xBD\",\"b\":1}");
}

class Getters : public ::testing::Test {
 protected:
  const nlohmann::json object_ = nlohmann::json::parse(
      R"({"s":"text","i":-5,"u":18446744073709551615,"f":1.5,"b":true,"o":{"in":{"x":1}}})");
};

TEST_F(Getters, Find) {
  EXPECT_EQ(Find(object_, "i"), &object_.at("i"));
  EXPECT_EQ(Find(object_, "nope"), nullptr);
  EXPECT_EQ(Find(nlohmann::json(1), "i"), nullptr);
  EXPECT_EQ(Find(nlohmann::json::array(), "i"), nullptr);
}

TEST_F(Getters, FindPath) {
  EXPECT_EQ(FindPath(object_, {"o", "in", "x"}), &object_.at("o").at("in").at("x"));
  EXPECT_EQ(FindPath(object_, {}), &object_);
  EXPECT_EQ(FindPath(object_, {"o", "nope", "x"}), nullptr);
  EXPECT_EQ(FindPath(object_, {"s", "x"}), nullptr);
}

TEST_F(Getters, GetString) {
  EXPECT_EQ(GetString(object_, "s"), "text");
  EXPECT_EQ(GetString(object_, "i"), "");
  EXPECT_EQ(GetString(object_, "nope"), "");
  EXPECT_EQ(GetString(nlohmann::json(), "s"), "");
}

TEST_F(Getters, GetInt) {
  EXPECT_EQ(GetInt(object_, "i", 7), -5);
  EXPECT_EQ(GetInt(object_, "u", 7), 7);
  EXPECT_EQ(GetInt(object_, "f", 7), 7);
  EXPECT_EQ(GetInt(object_, "s", 7), 7);
  EXPECT_EQ(GetInt(object_, "nope", 7), 7);
}

TEST_F(Getters, GetBool) {
  EXPECT_TRUE(GetBool(object_, "b", false));
  EXPECT_TRUE(GetBool(object_, "i", true));
  EXPECT_FALSE(GetBool(object_, "nope", false));
}

}  // namespace
}  // namespace jobexec::json
