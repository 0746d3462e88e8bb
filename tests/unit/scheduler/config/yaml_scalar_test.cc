#include "scheduler/config/yaml_scalar.h"

#include <gtest/gtest.h>

#include <limits>

namespace jobexec::scheduler {
namespace {

YamlNode Scalar(const char* text, const char* tag = "?") {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = text;
  node.tag = tag;
  return node;
}

TEST(YamlScalar, BoolWords) {
  for (const char* text :
       {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}) {
    EXPECT_EQ(YamlBool(Scalar(text)), true) << text;
  }
  for (const char* text :
       {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}) {
    EXPECT_EQ(YamlBool(Scalar(text)), false) << text;
  }
  for (const char* text : {"1", "0", "tRUE", "yEs", "", "t", "oN"}) {
    EXPECT_EQ(YamlBool(Scalar(text)), std::nullopt) << text;
  }
  EXPECT_EQ(YamlBool(Scalar("yes", "!")), std::nullopt);
  EXPECT_EQ(YamlBool(Scalar("yes", "tag:yaml.org,2002:str")), std::nullopt);
}

TEST(YamlScalar, Integers) {
  const std::pair<const char*, int64_t> kCases[] = {
      {"0", 0},
      {"10", 10},
      {"+10", 10},
      {"-10", -10},
      {"1_000", 1000},
      {"1__0_", 10},
      {"0x1F", 31},
      {"0X1f", 31},
      {"-0x10", -16},
      {"010", 8},
      {"0o17", 15},
      {"-0o17", -15},
      {"0b11", 3},
      {"-0b11", -3},
      {"0x_10", 16},
      {"9223372036854775807", std::numeric_limits<int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<int64_t>::min()},
  };
  for (const auto& [text, value] : kCases) {
    const auto number = YamlNumber(Scalar(text));
    ASSERT_TRUE(std::holds_alternative<int64_t>(number)) << text;
    EXPECT_EQ(std::get<int64_t>(number), value) << text;
  }
}

TEST(YamlScalar, Doubles) {
  const std::pair<const char*, double> kCases[] = {
      {"1.9", 1.9},       {"1e3", 1000},   {"1E+3", 1000},
      {"-1.5e-1", -0.15}, {".5", 0.5},     {"1.", 1},
      {"08", 8},          {"1_0.5", 10.5}, {"9223372036854775808", 9223372036854775808.0},
  };
  for (const auto& [text, value] : kCases) {
    const auto number = YamlNumber(Scalar(text));
    ASSERT_TRUE(std::holds_alternative<double>(number)) << text;
    EXPECT_EQ(std::get<double>(number), value) << text;
  }
}

TEST(YamlScalar, NoNumbers) {
  for (const char* text :
       {"",           "x",    "_1",  "1x",       "0x",    "0b2",    "0o8",
        "2020-01-01", "1:30", ".",   "-",        "+",     "1e",     "--1",
        ".inf",       ".nan", "nan", "infinity", "1e400", "-1e400", "0x8000000000000000"}) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(YamlNumber(Scalar(text)))) << text;
  }
  EXPECT_TRUE(std::holds_alternative<std::monostate>(YamlNumber(Scalar("1", "!"))));
}

}  // namespace
}  // namespace jobexec::scheduler
