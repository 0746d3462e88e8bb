// The same event again and again, and services that go away: one execution, one answer each.
#include <gmock/gmock.h>

#include <csignal>
#include <set>
#include <thread>

#include "common/json/json.h"
#include "tests/cluster/installation.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::testing::Installation;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::kClusterPatience;
using ::jobexec::testing::PollUntil;
using ::testing::SizeIs;

constexpr char kType[] = "sh.keptn.event.hello.triggered";
constexpr char kConfig[] = R"(
apiVersion: v2
actions:
  - name: A
    events: [{name: hello}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", cmd: [echo, hello]}]
)";

class RepeatsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto installation = Installation::Start({});
    ASSERT_THAT(installation, IsOk());
    installation_ = *std::move(installation);
    installation_->WriteConfig(kConfig);
  }
  void ExpectAnsweredOnce(const std::string& id) {
    EXPECT_THAT(installation_->sink().WaitForAnswer(id, "finished", kClusterPatience), IsOk());
    EXPECT_THAT(installation_->sink().Answers(id, "started"), SizeIs(1)) << id;
    EXPECT_THAT(installation_->sink().Answers(id, "finished"), SizeIs(1)) << id;
    EXPECT_THAT(installation_->Jobs(id), SizeIs(1)) << id;
  }

  std::unique_ptr<Installation> installation_;
};

TEST_F(RepeatsTest, TwentyPostsOfOneEventAtOnceAreOneExecution) {
  std::vector<std::thread> threads;
  std::vector<int> statuses(20);
  for (size_t i = 0; i < statuses.size(); ++i) {
    threads.emplace_back([this, &statuses, i] {
      const auto response = installation_->PostEvent("same", kType);
      statuses[i] = response.ok() ? response->status : 0;
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_THAT(statuses, ::testing::Each(202));
  ExpectAnsweredOnce("same");
  EXPECT_EQ(installation_->PostEvent("same", kType)->status, 202);
  ExpectAnsweredOnce("same");
}

TEST_F(RepeatsTest, WhileTheSchedulerIsAwayNothingIsFalselyAccepted) {
  ASSERT_THAT(installation_->scheduler().Stop(SIGKILL, kClusterPatience), IsOk());
  constexpr int kEvents = 100;
  std::vector<std::thread> threads;
  std::vector<int> statuses(kEvents);
  constexpr int kPosters = 10;
  for (int poster = 0; poster < kPosters; ++poster) {
    threads.emplace_back([this, &statuses, poster] {
      for (int i = poster; i < kEvents; i += kPosters) {
        const auto response = installation_->PostEvent("away-" + std::to_string(i), kType);
        statuses[i] = response.ok() ? response->status : 0;
      }
    });
  }
  ASSERT_THAT(installation_->StartScheduler(), IsOk());
  for (auto& thread : threads) thread.join();

  std::set<std::string> accepted;
  for (int i = 0; i < kEvents; ++i) {
    EXPECT_TRUE(statuses[i] == 202 || statuses[i] == 503) << statuses[i];
    if (statuses[i] == 202) accepted.insert("away-" + std::to_string(i));
  }
  std::set<std::string> have;
  for (const auto& job : installation_->Jobs()) {
    have.insert(json::GetString(job["metadata"]["annotations"], "jobexec.dev/event-id"));
  }
  for (const std::string& id : accepted) EXPECT_TRUE(have.contains(id)) << id;
}

TEST_F(RepeatsTest, AKilledReporterAnswersAfterItsRestart) {
  installation_->WriteConfig(R"(
apiVersion: v2
actions:
  - name: A
    events: [{name: hello}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", cmd: [sleep, "3"]}]
)");
  ASSERT_EQ(installation_->PostEvent("killed", kType)->status, 202);
  ASSERT_THAT(installation_->sink().WaitForAnswer("killed", "started", kClusterPatience), IsOk());
  const auto started_is_marked = [this] {
    const auto jobs = installation_->Jobs("killed");
    return !jobs.empty() &&
           json::GetString(jobs[0]["metadata"]["annotations"], "jobexec.dev/ledger") == "s";
  };
  ASSERT_TRUE(PollUntil(started_is_marked, kClusterPatience));

  ASSERT_THAT(installation_->reporter().Stop(SIGKILL, kClusterPatience), IsOk());
  ASSERT_THAT(installation_->StartReporter(), IsOk());

  ExpectAnsweredOnce("killed");
}

TEST_F(RepeatsTest, EveryServiceStopsCleanlyOnSigterm) {
  for (auto* service :
       {&installation_->intake(), &installation_->scheduler(), &installation_->reporter()}) {
    const auto exit_code = service->Stop(SIGTERM, kClusterPatience);
    ASSERT_THAT(exit_code, IsOk());
    EXPECT_EQ(*exit_code, 0) << service->log_file();
  }
}

}  // namespace
}  // namespace jobexec
