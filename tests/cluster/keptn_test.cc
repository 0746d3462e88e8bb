// Sequences of a Keptn on a real cluster, in both modes: the answers are exactly those that Keptn's
// counting rule demands, whatever is lost on the way.
#include <gmock/gmock.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/json/json.h"
#include "tests/cluster/keptn_installation.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::test_keptn::Engine;
using ::jobexec::test_keptn::Fault;
using ::jobexec::test_keptn::Keptn;
using ::jobexec::testing::Installation;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::kClusterPatience;
using ::jobexec::testing::KeptnInstallation;
using ::jobexec::testing::KeptnMode;
using ::jobexec::testing::PollUntil;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// An action for each task, which runs `command` in a shell.
std::string Config(const std::vector<std::string>& tasks, const std::string& command) {
  std::string config = "apiVersion: v2\nactions:\n";
  for (const std::string& task : tasks) {
    absl::StrAppend(&config, "  - name: ", task, "\n    events: [{name: sh.keptn.event.", task,
                    ".triggered}]\n    tasks: [{name: one, image: \"jobexec.local/busybox:1\", "
                    "cmd: [sh, -c, \"",
                    command, "\"]}]\n");
  }
  return config;
}

class KeptnClusterTest : public ::testing::Test {
 protected:
  void Start(KeptnMode mode, const std::vector<std::string>& tasks, const std::string& command) {
    auto installation = KeptnInstallation::Start(mode, tasks);
    ASSERT_THAT(installation, IsOk());
    installation_ = *std::move(installation);
    commit_ = installation_->WriteConfig(Config(tasks, command));
  }
  std::string StartDelivery() {
    const auto started = installation_->StartDelivery();
    EXPECT_THAT(started, IsOk());
    return started.value_or(Keptn::Started{}).context;
  }
  void ExpectOneAnswerOfEachKind(const std::string& offer) {
    EXPECT_EQ(installation_->Answers(offer, "started"), 1) << offer;
    EXPECT_EQ(installation_->Answers(offer, "finished"), 1) << offer;
  }
  // All sequences have passed, and each of their tasks has one answer of each kind, all counted.
  void ExpectCountedExactly(const std::vector<std::string>& tasks, const std::string& context) {
    EXPECT_TRUE(keptn().WaitForEnd("shop", context, kClusterPatience));
    EXPECT_TRUE(installation_->WaitUntilLetGo());
    for (const std::string& task : tasks) {
      ExpectOneAnswerOfEachKind(installation_->WaitForOffer(task));
    }
    EXPECT_EQ(keptn().log().Count("event", {{"outcome", "counted"}}), 2 * tasks.size());
    EXPECT_EQ(keptn().log().Count("event", {{"outcome", "no open task"}}), 0);
    const auto ends = keptn().log().Entries("sequence_finished");
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0]["result"], "pass");
    EXPECT_EQ(ends[0]["status"], "succeeded");
  }
  // Aborts the sequence while its task runs, and waits until the pod is stopped.
  void AbortAndExpectTheJobToEnd() {
    const std::string context = StartDelivery();
    const std::string offer = installation_->WaitForOffer("deploy");
    ASSERT_TRUE(installation_->WaitUntilCounted(offer, "started"));
    const auto condition = [&](const char* counter) {
      const auto jobs = installation_->services().Jobs(offer);
      return jobs.size() == 1 && json::GetInt(jobs[0]["status"], counter, 0) > 0;
    };
    ASSERT_TRUE(PollUntil([&] { return condition("active"); }, kClusterPatience));

    const absl::Duration before = RealClock().Elapsed();
    keptn().Steer("shop", context, Engine::Control::kAbort);

    EXPECT_TRUE(PollUntil([&] { return condition("failed"); }, kClusterPatience));
    RecordProperty("seconds_to_stop",
                   static_cast<int>(absl::ToInt64Seconds(RealClock().Elapsed() - before)));
    EXPECT_TRUE(installation_->WaitUntilLetGo());
    EXPECT_EQ(keptn().log().Count("event", {{"outcome", "counted"}}), 1);
  }
  Keptn& keptn() { return installation_->keptn(); }

  std::unique_ptr<KeptnInstallation> installation_;
  std::string commit_;
};

class BothModes : public KeptnClusterTest, public ::testing::WithParamInterface<KeptnMode> {};

TEST_P(BothModes, AThreeTaskSequenceCompletes) {
  const std::vector<std::string> tasks = {"deploy", "test", "release"};
  Start(GetParam(), tasks, "echo done");

  ExpectCountedExactly(tasks, StartDelivery());

  // One read for all three events.
  EXPECT_EQ(keptn().ReadsOf({.project = "shop", .stage = "dev", .service = "cart"},
                            "job/config.yaml", commit_),
            1);
}

TEST_P(BothModes, AnAbortedSequenceStopsItsJob) {
  Start(GetParam(), {"deploy"}, "sleep 3600");
  AbortAndExpectTheJobToEnd();
}

INSTANTIATE_TEST_SUITE_P(Keptn, BothModes,
                         ::testing::Values(KeptnMode::kInCluster, KeptnMode::kRemote),
                         [](const auto& test) {
                           return test.param == KeptnMode::kRemote ? "Remote" : "InCluster";
                         });

// Keptn has the answer, but nobody says so: it is looked up before anything is sent again.
TEST_F(KeptnClusterTest, ALostReplyToStartedIsNotSentAgain) {
  Start(KeptnMode::kRemote, {"deploy"}, "echo done");
  keptn().faults().Add({.method = "POST",
                        .path = "*/v1/event",
                        .body = "deploy.started",
                        .effect = Fault::Effect::kLoseReply});

  ExpectCountedExactly({"deploy"}, StartDelivery());

  EXPECT_EQ(keptn().log().Count("http", {{"lost", true}}), 1);
}

TEST_F(KeptnClusterTest, ALostReplyToFinishedIsNotSentAgain) {
  Start(KeptnMode::kRemote, {"deploy", "test"}, "echo done");
  keptn().faults().Add({.method = "POST",
                        .path = "*/v1/event",
                        .body = "deploy.finished",
                        .effect = Fault::Effect::kLoseReply});

  ExpectCountedExactly({"deploy", "test"}, StartDelivery());

  EXPECT_EQ(keptn().log().Count("http", {{"lost", true}}), 1);
}

// The other half of not knowing: Keptn never had it.
TEST_F(KeptnClusterTest, AStartedThatWasCutOffIsSentAgain) {
  Start(KeptnMode::kRemote, {"deploy"}, "echo done");
  keptn().faults().Add({.method = "POST",
                        .path = "*/v1/event",
                        .body = "deploy.started",
                        .effect = Fault::Effect::kCut});

  ExpectCountedExactly({"deploy"}, StartDelivery());
}

TEST_F(KeptnClusterTest, NothingIsLostOrDoubledWhenNatsDies) {
  const std::vector<std::string> tasks = {"deploy", "test", "release"};
  Start(KeptnMode::kInCluster, tasks, "sleep 3");
  const std::string context = StartDelivery();
  const std::string offer = installation_->WaitForOffer("deploy");
  ASSERT_TRUE(installation_->WaitUntilCounted(offer, "started"));

  ASSERT_THAT(installation_->nats().Kill(), IsOk());
  const auto job_is_done = [&] {
    const auto jobs = installation_->services().Jobs(offer);
    return jobs.size() == 1 && json::GetInt(jobs[0]["status"], "succeeded", 0) == 1;
  };
  EXPECT_TRUE(PollUntil(job_is_done, kClusterPatience));
  ASSERT_THAT(installation_->nats().Restart(), IsOk());

  ExpectCountedExactly(tasks, context);
}

}  // namespace
}  // namespace jobexec
