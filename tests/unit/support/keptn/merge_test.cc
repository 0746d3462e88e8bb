#include "tests/support/keptn/merge.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace jobexec::test_keptn {
namespace {

using Json = nlohmann::json;

struct Case {
  std::string name;
  std::string first;
  std::string later;
  std::string merged;
};

class MergeTable : public ::testing::TestWithParam<Case> {};

TEST_P(MergeTable, IsTheOneOfTheOriginal) {
  Json value = Json::parse(GetParam().first);

  Merge(value, Json::parse(GetParam().later));

  EXPECT_EQ(value, Json::parse(GetParam().merged));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, MergeTable,
    ::testing::Values(
        Case{"LaterStringWins", R"({"a":"x"})", R"({"a":"y"})", R"({"a":"y"})"},
        Case{"FirstNumberStays", R"({"a":1})", R"({"a":2})", R"({"a":1})"},
        Case{"FirstNumberStaysBesideAString", R"({"a":1})", R"({"a":"2"})", R"({"a":1})"},
        Case{"FirstBooleanStays", R"({"a":false})", R"({"a":true})", R"({"a":false})"},
        Case{"LaterElementsComeFirst", R"({"a":[1,2]})", R"({"a":[3]})", R"({"a":[3,1,2]})"},
        Case{"ElementsAreDoubled", R"({"a":[1]})", R"({"a":[1]})", R"({"a":[1,1]})"},
        Case{"ObjectsAreMergedDeep", R"({"a":{"b":{"c":"x"}}})", R"({"a":{"b":{"c":"y","d":1}}})",
             R"({"a":{"b":{"c":"y","d":1}}})"},
        Case{"NewMembersAreAdded", R"({"a":"x"})", R"({"b":[1]})", R"({"a":"x","b":[1]})"},
        Case{"NullEmptiesAString", R"({"a":"x"})", R"({"a":null})", R"({"a":""})"},
        Case{"NullLeavesAList", R"({"a":[1]})", R"({"a":null})", R"({"a":[1]})"},
        Case{"NullLeavesAnObject", R"({"a":{"b":1}})", R"({"a":null})", R"({"a":{"b":1}})"},
        Case{"NullIsReplaced", R"({"a":null})", R"({"a":5})", R"({"a":5})"},
        Case{"AnotherKindReplacesAString", R"({"a":"x"})", R"({"a":[1]})", R"({"a":[1]})"},
        Case{"AnotherKindReplacesAnObject", R"({"a":{"b":1}})", R"({"a":"x"})", R"({"a":"x"})"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace jobexec::test_keptn
