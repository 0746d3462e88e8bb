#include "tests/support/keptn/shipyard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace jobexec::test_keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kShipyard[] = R"(
apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: deploy
              properties: {strategy: direct, replicas: 2, wait: true, version: "1", parts: [a, 1.5]}
            - name: test
              triggeredAfter: 5s
    - name: prod
      sequences:
        - name: delivery
          triggeredOn: [{event: dev.delivery.finished}]
          tasks: [{name: deploy}]
        - name: rollback
          triggeredOn:
            - event: dev.delivery.finished
              selector: {match: {result: fail}}
            - event: dev.delivery.finished
              selector: {match: {test.result: warning}}
          tasks: [{name: undo}]
)";

TEST(ParseShipyard, ReadsKeptnsFile) {
  const auto shipyard = ParseShipyard(kShipyard);
  ASSERT_THAT(shipyard, IsOk());

  const Sequence* delivery = FindSequence(*shipyard, "dev", "delivery");
  ASSERT_NE(delivery, nullptr);
  ASSERT_THAT(delivery->tasks, SizeIs(2));
  EXPECT_EQ(delivery->tasks[0].properties,
            nlohmann::json::parse(R"({"strategy":"direct","replicas":2,"wait":true,
                                      "version":"1","parts":["a",1.5]})"));
  EXPECT_EQ(delivery->tasks[1].triggered_after, absl::Seconds(5));
  EXPECT_EQ(FindSequence(*shipyard, "prod", "release"), nullptr);
  EXPECT_EQ(FindSequence(*shipyard, "test", "delivery"), nullptr);
}

TEST(ParseShipyard, NamesWhatIsMissing) {
  EXPECT_THAT(ParseShipyard("spec: {}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("spec.stages")));
  EXPECT_THAT(ParseShipyard("spec: {stages: [{sequences: []}]}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stage name")));
  EXPECT_THAT(ParseShipyard("spec: {stages: [{name: a, sequences: [{name: b, tasks: "
                            "[{name: c, triggeredAfter: soon}]}]}]}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("task c")));
  EXPECT_THAT(ParseShipyard("{"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("YAML")));
}

TEST(FindFollowers, WithoutSelectorAfterPassAndWarning) {
  const auto shipyard = ParseShipyard(kShipyard);
  ASSERT_THAT(shipyard, IsOk());

  const auto after_pass = FindFollowers(*shipyard, "dev", "delivery", "pass", "test");
  ASSERT_THAT(after_pass, SizeIs(1));
  EXPECT_EQ(after_pass[0].stage, "prod");
  EXPECT_EQ(after_pass[0].sequence, "delivery");
  EXPECT_THAT(FindFollowers(*shipyard, "dev", "delivery", "warning", "test"), SizeIs(2));
  EXPECT_THAT(FindFollowers(*shipyard, "dev", "delivery", "warning", "deploy"), SizeIs(1));
  const auto after_fail = FindFollowers(*shipyard, "dev", "delivery", "fail", "deploy");
  ASSERT_THAT(after_fail, SizeIs(1));
  EXPECT_EQ(after_fail[0].sequence, "rollback");
  EXPECT_THAT(FindFollowers(*shipyard, "prod", "delivery", "pass", "deploy"), IsEmpty());
}

}  // namespace
}  // namespace jobexec::test_keptn
