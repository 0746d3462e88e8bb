// What the user is told when something goes wrong, with real pods.
#include <gmock/gmock.h>

#include "common/json/json.h"
#include "common/runs/schema.h"
#include "tests/cluster/installation.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::testing::Installation;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::kClusterPatience;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kType[] = "sh.keptn.event.hello.triggered";

class FailuresTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto installation = Installation::Start({});
    ASSERT_THAT(installation, IsOk());
    installation_ = *std::move(installation);
  }
  // Posts one event and returns the message of its errored answer.
  std::string FailureMessage(const std::string& config) {
    installation_->WriteConfig(config);
    const auto response = installation_->PostEvent("e", kType);
    EXPECT_THAT(response, IsOk());
    const auto finished = installation_->sink().WaitForAnswer("e", "finished", kClusterPatience);
    EXPECT_THAT(finished, IsOk());
    if (!finished.ok()) return "";
    EXPECT_EQ((*finished)["data"]["status"], "errored");
    EXPECT_EQ((*finished)["data"]["result"], "fail");
    EXPECT_THAT(installation_->sink().Answers("e", "started"), SizeIs(1));
    return (*finished)["data"]["message"];
  }

  std::unique_ptr<Installation> installation_;
};

TEST_F(FailuresTest, AFailingSecondTaskEndsTheRunAndTheThirdIsRemoved) {
  const std::string message = FailureMessage(R"(
apiVersion: v2
actions:
  - name: Chain
    events: [{name: hello}]
    tasks:
      - {name: one, image: "jobexec.local/busybox:1", cmd: [echo, output-of-one]}
      - {name: two, image: "jobexec.local/busybox:1", cmd: [sh, -c, "echo output-of-two; exit 3"]}
      - {name: three, image: "jobexec.local/busybox:1", cmd: [echo, output-of-three]}
)");

  EXPECT_THAT(message, AllOf(HasSubstr("two"), HasSubstr("output-of-two"), HasSubstr("3"),
                             Not(HasSubstr("output-of-three"))));
  const auto third_is_gone = [this] {
    for (const json& job : installation_->Jobs("e")) {
      if (job["metadata"]["labels"]["keptn.sh/jes-task"] == "three") return false;
    }
    return true;
  };
  EXPECT_TRUE(testing::PollUntil(third_is_gone, kClusterPatience));
  EXPECT_THAT(installation_->Jobs("e"), SizeIs(2));
}

TEST_F(FailuresTest, AnInvalidConfigIsAnsweredWithItsFaults) {
  const std::string message = FailureMessage("apiVersion: v2\nactions:\n  - nam: x\n");

  EXPECT_THAT(message, AllOf(HasSubstr("job/config.yaml:3"), HasSubstr("nam")));
  EXPECT_THAT(installation_->Jobs("e"), SizeIs(1));
}

TEST_F(FailuresTest, AMissingConfigIsAnsweredWithWhereItWasLookedFor) {
  const auto response = installation_->PostEvent("e", kType);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 202) << response->body;

  const auto finished = installation_->sink().WaitForAnswer("e", "finished", kClusterPatience);
  ASSERT_THAT(finished, IsOk());
  EXPECT_THAT((*finished)["data"]["message"].get<std::string>(),
              AllOf(HasSubstr("job/config.yaml"), HasSubstr("stage dev")));
}

TEST_F(FailuresTest, AFileThatIsMissingStopsTheTaskAndIsNamed) {
  const std::string message = FailureMessage(R"(
apiVersion: v2
actions:
  - name: A
    events: [{name: hello}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", cmd: [echo, never], files: [nope.txt]}]
)");

  EXPECT_THAT(message, AllOf(HasSubstr("nope.txt"), Not(HasSubstr("never\n"))));
}

TEST_F(FailuresTest, ATaskThatRunsTooLongIsStoppedByKubernetes) {
  const std::string message = FailureMessage(R"(
apiVersion: v2
actions:
  - name: A
    events: [{name: hello}]
    tasks:
      - {name: slow, image: "jobexec.local/busybox:1", cmd: [sleep, "600"], maxPollDuration: 3}
)");

  EXPECT_THAT(message, AllOf(HasSubstr("slow"), HasSubstr("deadline exceeded (limit 3s)")));
}

TEST_F(FailuresTest, AJobThatTheApiServerRefusesIsAnswered) {
  const std::string message = FailureMessage(R"(
apiVersion: v2
actions:
  - name: A
    events: [{name: hello}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", imagePullPolicy: Sometimes}]
)");

  EXPECT_THAT(message, HasSubstr("imagePullPolicy"));
}

}  // namespace
}  // namespace jobexec
