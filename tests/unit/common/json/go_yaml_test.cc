#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/json/go_json.h"
#include "common/json/json.h"

namespace jobexec::json {
namespace {

struct Case {
  const char* json;
  const char* expected;
};

// All expectations of this file were produced by yaml.v2 2.4.0, but for the numbers of the first
// test.
void ExpectYaml(const Case& c) { EXPECT_EQ(ToGoYaml(*Parse(c.json)), c.expected) << c.json; }

TEST(GoYaml, NumbersAreAsInJson) {
  const Case cases[] = {
      {"1", "1\n"},
      {"1000000", "1000000\n"},
      {"12345678901234567890", "12345678901234567000\n"},
      {"1e21", "1e+21\n"},
      {"1e-7", "1e-7\n"},
      {"[1.5,-2]", "- 1.5\n- -2\n"},
  };
  for (const Case& c : cases) ExpectYaml(c);
}

TEST(GoYaml, Collections) {
  const Case cases[] = {
      {"null", "null\n"},
      {"true", "true\n"},
      {"{}", "{}\n"},
      {"[]", "[]\n"},
      {R"(["x",{},[]])", "- x\n- {}\n- []\n"},
      {R"({"a":{"q":[1]},"e":{},"l":[]})", "a:\n  q:\n  - 1\ne: {}\nl: []\n"},
      {R"([1,[2,[3]],{"k":"v","l":[{"m":4}]}])", "- 1\n- - 2\n  - - 3\n- k: v\n  l:\n  - m: 4\n"},
      {R"({"a":[["x"],"z"]})", "a:\n- - x\n- z\n"},
  };
  for (const Case& c : cases) ExpectYaml(c);
}

TEST(GoYaml, KeysAreInNaturalOrder) {
  const Case cases[] = {
      {R"({"a10":0,"a2":0,"a":0,"B":0})", "B: 0\na: 0\na2: 0\na10: 0\n"},
      {R"({"aa":0,"a_":0,"a-":0,"a1":0})", "a-: 0\na_: 0\na1: 0\naa: 0\n"},
      {R"({"x01":0,"x1":0,"x001":0})", "x1: 0\nx01: 0\nx001: 0\n"},
      {R"({"v100":0,"v10":0,"v1":0})", "v1: 0\nv10: 0\nv100: 0\n"},
      {R"({"é":0,"z":0,"中":0,"٣":0})", "٣: 0\nz: 0\né: 0\n中: 0\n"},
  };
  for (const Case& c : cases) ExpectYaml(c);
}

TEST(GoYaml, ACycleInTheKeyOrderLosesNoKey) {
  const auto value = Parse(R"({"a1b":0,"a2":0,"a19":0})");
  const std::string text = ToGoYaml(*value);
  for (const char* const line : {"a1b: 0\n", "a2: 0\n", "a19: 0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << text;
  }
}

TEST(GoYaml, QuotesWhatWouldBeReadAsAnotherType) {
  for (const char* const text : {"",
                                 "~",
                                 "null",
                                 "y",
                                 "N",
                                 "yes",
                                 "Off",
                                 "TRUE",
                                 "007",
                                 "1_000",
                                 "0x1F",
                                 "-0b11",
                                 "0o17",
                                 "0b-1",
                                 "1e3",
                                 ".5",
                                 ".1_0",
                                 "+.5",
                                 "1.",
                                 ".inf",
                                 "-.INF",
                                 ".NaN",
                                 "2020-01-01",
                                 "2020-1-2",
                                 "2020-01-01 10:00:00",
                                 "2020-01-01T10:00:00.5Z",
                                 "2020-01-01t1:2:3+02:00",
                                 "190:20:30",
                                 "-1:2.5",
                                 "18446744073709551616",
                                 "0xFFFFFFFFFFFFFFFF"}) {
    EXPECT_EQ(ToGoYaml(text), "\"" + std::string(text) + "\"\n");
  }
}

TEST(GoYaml, LeavesPlainWhatIsAString) {
  for (const char* const text : {"a",
                                 "yEs",
                                 "nul",
                                 "0xG",
                                 "0x",
                                 "0o8",
                                 "1e400",
                                 "._5",
                                 ".",
                                 "..",
                                 "2020-13-01",
                                 "2020-02-30",
                                 "2020-01-01T10:00:00",
                                 "2020-01-01 10:00:00Z",
                                 "1:60",
                                 "-0x8000000000000001",
                                 "0x1FFFFFFFFFFFFFFFF",
                                 "a#b",
                                 "a:b",
                                 "-a",
                                 "?a",
                                 ":a",
                                 "a\"b\\c",
                                 "it's",
                                 "<b>",
                                 "a  b",
                                 "=",
                                 "<<",
                                 "é",
                                 "中"}) {
    EXPECT_EQ(ToGoYaml(text), std::string(text) + "\n");
  }
}

TEST(GoYaml, QuotesWhatWouldBeSyntax) {
  for (const char* const text :
       {"#a", "a #b", "a: b", "a:", "- a", "-", "---", "...", "? a", "*a", "&a", "!a",    "|", ">",
        "%a", "@a",   "`a",   "[a", "{a",  "]", "}",   ",",   "\"a", " a", "a ", "\u2028"}) {
    EXPECT_EQ(ToGoYaml(text), "'" + std::string(text) + "'\n");
  }
  ExpectYaml({R"("'a")", "'''a'\n"});
  ExpectYaml({R"("a\u2028b")", "'a\u2028  b'\n"});
}

TEST(GoYaml, EscapesWhatCannotBePrinted) {
  const Case cases[] = {
      {R"("\u0001\t")", "\"\\x01\\t\"\n"},
      {R"("\u0000\u0007\b\u000b\f\r\u001b\"\\")", "\"\\0\\a\\b\\v\\f\\r\\e\\\"\\\\\"\n"},
      {R"("a\u0085\ufeff\uffff")", "\"a\\N\\uFEFF\\uFFFF\"\n"},
      {R"("\ud83d\ude00")", "\"\\U0001F600\"\n"},
      {R"("\u007f\u00a0é")", "\"\\x7F\u00a0é\"\n"},
      {R"("\t\u2028\u2029")", "\"\\t\\L\\P\"\n"},
  };
  for (const Case& c : cases) ExpectYaml(c);
}

TEST(GoYaml, StringsOfSeveralLinesAreLiteralBlocks) {
  const Case cases[] = {
      {R"("a\nb\n")", "|\n  a\n  b\n"},
      {R"("a\nb")", "|-\n  a\n  b\n"},
      {R"("a\n\n")", "|+\n  a\n\n"},
      {R"("\n")", "|2+\n\n"},
      {R"(" a\nb\n")", "|2\n   a\n  b\n"},
      {R"("a\n  b\n\nc\n")", "|\n  a\n    b\n\n  c\n"},
      {R"("a\u2028b\n")", "|\n  a\u2028  b\n"},
      {R"({"k":"a\nb\n","l":["c\n"]})", "k: |\n  a\n  b\nl:\n- |\n  c\n"},
      {R"("a \nb")", "\"a \\nb\"\n"},
      {R"("a\nb ")", "\"a\\nb \"\n"},
      {R"("a\tb\n")", "\"a\\tb\\n\"\n"},
  };
  for (const Case& c : cases) ExpectYaml(c);
}

TEST(GoYaml, Keys) {
  const std::string long_key(129, 'k');
  const Case cases[] = {
      {R"({"":1,"007":2,"yes":3,"a b":4,"a: b":5})",
       "\"\": 1\n\"007\": 2\na b: 4\n'a: b': 5\n\"yes\": 3\n"},
      {R"({"a\nb":[1]})", "? |-\n  a\n  b\n: - 1\n"},
      {R"({"a\nb":{"c":1}})", "? |-\n  a\n  b\n: c: 1\n"},
  };
  for (const Case& c : cases) ExpectYaml(c);
  EXPECT_EQ(ToGoYaml({{long_key, 1}}), "? " + long_key + "\n: 1\n");
  EXPECT_EQ(ToGoYaml({{long_key.substr(1), 1}}), long_key.substr(1) + ": 1\n");
}

TEST(GoYaml, LongLinesAreFolded) {
  const std::string word(79, 'w');
  EXPECT_EQ(ToGoYaml(word + "ab c d"), word + "ab\n  c d\n");
  EXPECT_EQ(ToGoYaml(word + "a b c"), word + "a b\n  c\n");
  EXPECT_EQ(ToGoYaml(word + "ab  c d"), word + "ab  c\n  d\n");
  EXPECT_EQ(ToGoYaml("#" + word + "a c d"), "'#" + word + "a\n  c d'\n");
  EXPECT_EQ(ToGoYaml("\t" + word + "a  c"), "\"\\t" + word + "a\n  \\ c\"\n");
  EXPECT_EQ(ToGoYaml({{"k", word + " c d"}}), "k: " + word + "\n  c d\n");
}

}  // namespace
}  // namespace jobexec::json
