#include "tests/support/keptn/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace jobexec::test_keptn {

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << outcome.result << "/" << outcome.status;
}

namespace {

using ::testing::Eq;
using ::testing::Optional;

TaskEvent Started() { return {.type = "sh.keptn.event.t.started", .kind = "started"}; }
TaskEvent Finished(const std::string& result, const std::string& status) {
  return {
      .type = "sh.keptn.event.t.finished", .kind = "finished", .result = result, .status = status};
}

struct Case {
  std::string name;
  std::vector<TaskEvent> events;
  std::optional<Outcome> expected;
};

class CompletionTable : public ::testing::TestWithParam<Case> {};

TEST_P(CompletionTable, IsTheOneOfTheOriginal) {
  EXPECT_THAT(CompletionOf(GetParam().events), Eq(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, CompletionTable,
    ::testing::Values(
        Case{"Nothing", {}, std::nullopt}, Case{"StartedOnly", {Started()}, std::nullopt},
        Case{"FinishedOnly", {Finished("pass", "succeeded")}, std::nullopt},
        Case{"LateStarted",
             {Finished("pass", "succeeded"), Started()},
             Outcome{"pass", "succeeded"}},
        Case{"DoubledStartedHangs",
             {Started(), Started(), Finished("pass", "succeeded")},
             std::nullopt},
        Case{"DoubledFinishedHangsToo",
             {Started(), Finished("pass", "succeeded"), Finished("pass", "succeeded")},
             std::nullopt},
        Case{"TwoDoubledAnswersLookDone",
             {Started(), Started(), Finished("pass", "succeeded"), Finished("pass", "succeeded")},
             Outcome{"pass", "succeeded"}},
        Case{
            "PassAndWarning",
            {Started(), Started(), Finished("pass", "succeeded"), Finished("warning", "succeeded")},
            Outcome{"warning", "succeeded"}},
        Case{"PassAndFail",
             {Started(), Started(), Finished("pass", "succeeded"), Finished("fail", "succeeded")},
             Outcome{"fail", "succeeded"}},
        Case{"NoStatusFails", {Started(), Finished("pass", "")}, Outcome{"fail", "unknown"}},
        Case{"StrangeStatusFails",
             {Started(), Finished("pass", "done")},
             Outcome{"fail", "unknown"}},
        Case{"NoResultFails", {Started(), Finished("", "succeeded")}, Outcome{"fail", "succeeded"}},
        Case{"PassErrored", {Started(), Finished("pass", "errored")}, Outcome{"pass", "errored"}},
        Case{"PassAborted", {Started(), Finished("pass", "aborted")}, Outcome{"pass", "aborted"}},
        Case{"ErroredBeatsAborted",
             {Started(), Started(), Finished("pass", "aborted"), Finished("pass", "errored")},
             Outcome{"pass", "errored"}}),
    [](const auto& test) { return test.param.name; });

TEST(MayContinue, NotAfterAFailureOrAnError) {
  EXPECT_TRUE(MayContinue({"pass", "succeeded"}));
  EXPECT_TRUE(MayContinue({"warning", "succeeded"}));
  EXPECT_TRUE(MayContinue({"pass", "aborted"}));
  EXPECT_FALSE(MayContinue({"fail", "succeeded"}));
  EXPECT_FALSE(MayContinue({"pass", "errored"}));
}

}  // namespace
}  // namespace jobexec::test_keptn
