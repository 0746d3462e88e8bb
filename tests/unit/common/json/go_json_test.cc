#include "common/json/go_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/json/json.h"

namespace jobexec::json {
namespace {

struct Case {
  const char* json;
  const char* expected;
};

TEST(GoJson, NumbersAreDoubles) {
  const Case cases[] = {
      {"0", "0"},
      {"-0.0", "-0"},
      {"1", "1"},
      {"-3", "-3"},
      {"1.50", "1.5"},
      {"123456", "123456"},
      {"1000000", "1000000"},
      {"1234567.25", "1234567.25"},
      {"9007199254740993", "9007199254740992"},
      {"12345678901234567890", "12345678901234567000"},
      {"-12345678901234567890", "-12345678901234567000"},
      {"9223372036854775807", "9223372036854776000"},
      {"0.1", "0.1"},
      {"0.000001", "0.000001"},
      {"-0.00000123", "-0.00000123"},
      {"0.00000099", "9.9e-7"},
      {"1e-7", "1e-7"},
      {"1e-10", "1e-10"},
      {"1.25e-100", "1.25e-100"},
      {"100000000000000000000", "100000000000000000000"},
      {"999999999999999868928", "999999999999999900000"},
      {"1e21", "1e+21"},
      {"-1.5e300", "-1.5e+300"},
      {"5e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
  };
  for (const Case& c : cases) EXPECT_EQ(ToGoJson(*Parse(c.json)), c.expected) << c.json;
}

TEST(GoJson, EscapesAsTheOriginal) {
  const Case cases[] = {
      {R"("")", R"("")"},
      {R"("a\"b\\c\/d")", R"("a\"b\\c/d")"},
      {R"("\b\f\n\r\t\u0001\u001f\u007f")", "\"\\u0008\\u000c\\n\\r\\t\\u0001\\u001f\x7f\""},
      {R"("<b>&'")", R"("\u003cb\u003e\u0026'")"},
      {R"("\u2027\u2028\u2029\u202a")", "\"\u2027\\u2028\\u2029\u202a\""},
      {R"("é\ud83d\ude00")", "\"é😀\""},
  };
  for (const Case& c : cases) EXPECT_EQ(ToGoJson(*Parse(c.json)), c.expected) << c.json;
}

TEST(GoJson, InvalidUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(ToGoJson(nlohmann::json("a\xff")), "\"a\uFFFD\"");
}

TEST(GoJson, ListsAndObjectsAreCompactAndSorted) {
  const Case cases[] = {
      {"[]", "[]"},
      {"{}", "{}"},
      {"[ ]", "[]"},
      {R"({"z": 1, "a": [1, "x", null, true, {"<": {}}]})",
       R"({"a":[1,"x",null,true,{"\u003c":{}}],"z":1})"},
      {R"({"a10":1,"a2":2})", R"({"a10":1,"a2":2})"},
  };
  for (const Case& c : cases) EXPECT_EQ(ToGoJson(*Parse(c.json)), c.expected) << c.json;
}

TEST(Text, StringsAreRawAndAllElseIsJson) {
  const Case cases[] = {{R"("<a&b>\n")", "<a&b>\n"},
                        {R"("")", ""},
                        {"1000000", "1000000"},
                        {"null", "null"},
                        {"true", "true"},
                        {R"(["a","<"])", R"(["a","\u003c"])"},
                        {R"({"a":1})", R"({"a":1})"}};
  for (const Case& c : cases) EXPECT_EQ(ToText(*Parse(c.json)), c.expected) << c.json;
}

}  // namespace
}  // namespace jobexec::json
