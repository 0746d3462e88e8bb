#include "common/runs/event_facts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"

namespace jobexec::runs {
namespace {

using ::jobexec::testing::StatusIs;
using ::nlohmann::json;
using ::testing::HasSubstr;

TEST(FactsOf, ReadsAttributesAndCommonData) {
  const auto facts = FactsOf(json::parse(R"({
      "id": "1", "source": "s", "type": "sh.keptn.event.test.triggered", "shkeptncontext": "c",
      "gitcommitid": "abc", "traceparent": "00-1-2-00", "time": "2024-03-01T10:00:00.5+01:00",
      "data": {"project": "p", "stage": "dev", "service": "carts", "labels": {"a": "b"}}})"));

  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->project, "p");
  EXPECT_EQ(facts->stage, "dev");
  EXPECT_EQ(facts->service, "carts");
  EXPECT_EQ(facts->labels.at("a"), "b");
  EXPECT_EQ(facts->keptn_context, "c");
  EXPECT_EQ(facts->commit, "abc");
  EXPECT_EQ(facts->trace_parent, "00-1-2-00");
  EXPECT_EQ(facts->time, absl::FromUnixMillis(1709283600500));
}

TEST(FactsOf, DataNeedNotBeAnObject) {
  EXPECT_TRUE(FactsOf(json::parse(R"({"id":"1","data":"text"})")).ok());
  EXPECT_TRUE(FactsOf(json::parse(R"({"id":"1","data":{"project":null,"labels":null}})")).ok());
}

TEST(FactsOf, AnEventNeedsNoTime) {
  EXPECT_EQ(FactsOf(json::parse(R"({"id":"1"})"))->time, absl::InfinitePast());
}

TEST(FactsOf, NamesFieldsOfTheWrongType) {
  EXPECT_THAT(FactsOf(json::parse(R"({"data":{"project":1}})")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("data.project is a number")));
  EXPECT_THAT(FactsOf(json::parse(R"({"data":{"labels":{"x":true}}})")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("data.labels.x")));
  EXPECT_THAT(FactsOf(json::parse(R"({"data":{"labels":[]}})")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("data.labels is a")));
  EXPECT_THAT(FactsOf(json::parse(R"({"time":"yesterday"})")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time is \"yesterday\"")));
}

TEST(IsTriggered, LooksAtTheLastPartOnly) {
  EXPECT_TRUE(IsTriggered("sh.keptn.event.test.triggered"));
  EXPECT_TRUE(IsTriggered("com.example.triggered"));
  EXPECT_FALSE(IsTriggered("sh.keptn.event.test.finished"));
  EXPECT_FALSE(IsTriggered("triggered.x"));
}

}  // namespace
}  // namespace jobexec::runs
