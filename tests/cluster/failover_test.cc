// Two reporters on a real cluster, with answers in a real stream: one acts, and when it dies,
// sleeps or leaves, the other goes on. Every event is answered once.
#include <gmock/gmock.h>

#include <csignal>
#include <cstdio>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/json/json.h"
#include "common/nats/connection.h"
#include "tests/cluster/installation.h"
#include "tests/support/nats_server.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::testing::Installation;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::kClusterPatience;
using ::jobexec::testing::NatsServer;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::Subprocess;
using ::testing::SizeIs;

constexpr char kType[] = "sh.keptn.event.hello.";
constexpr int kEvents = 20;
constexpr char kConfig[] = R"(
apiVersion: v2
actions:
  - name: A
    events: [{name: hello}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", cmd: [sleep, "2"]}]
)";

// What one reporter says of itself.
struct Reporter {
  Subprocess* process;
  std::string admin_port;
};

class FailoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto nats = NatsServer::Start();
    ASSERT_THAT(nats, IsOk());
    nats_ = *std::move(nats);
    ASSERT_THAT(nats_->AddStream("keptn", "sh.keptn.>", absl::Minutes(2)), IsOk());
    stream_ = nats::Connection::Create({.urls = nats_->url(), .name = "test"}, RealClock());
    auto installation =
        Installation::Start({.reporter = {{"EVENT_SINK_URL", ""}, {"EVENTBROKER", nats_->url()}}});
    ASSERT_THAT(installation, IsOk());
    installation_ = *std::move(installation);
    installation_->WriteConfig(kConfig);
    leader_ = Reporter{&installation_->reporter(),
                       *installation_->reporter().WaitForLogField("admin_port", kClusterPatience)};
    ASSERT_TRUE(PollUntil([this] { return IsActing(leader_); }, kClusterPatience));
    auto standby = installation_->StartStandby();
    ASSERT_THAT(standby, IsOk());
    standby_process_ = *std::move(standby);
    standby_ = Reporter{standby_process_.get(),
                        *standby_process_->WaitForLogField("admin_port", kClusterPatience)};
    ASSERT_TRUE(PollUntil([this] { return IsReady(standby_); }, kClusterPatience));
    EXPECT_FALSE(IsActing(standby_));
  }

  bool IsActing(const Reporter& reporter) {
    return installation_->Metric(reporter.admin_port, "jobexec_reporter_acting ") == 1;
  }
  double Answers(const Reporter& reporter) {
    return installation_->Metric(reporter.admin_port, "jobexec_reporter_answers_total{");
  }
  bool IsReady(const Reporter& reporter) {
    const auto response = installation_->http().Send(
        {.method = "GET",
         .target = absl::StrCat("http://127.0.0.1:", reporter.admin_port, "/readyz")},
        absl::Seconds(10), true);
    return response.ok() && response->status == 200;
  }

  static std::string IdOf(int event) { return absl::StrCat("event-", event); }
  void PostEvents(int from, int to) {
    for (int i = from; i < to; ++i) {
      const auto response = installation_->PostEvent(IdOf(i), absl::StrCat(kType, "triggered"));
      ASSERT_THAT(response, IsOk());
      EXPECT_EQ(response->status, 202) << response->body;
    }
  }

  // Ids of all answers of a kind that the stream has, in order.
  std::vector<std::string> Stored(const std::string& kind) {
    std::vector<std::string> ids;
    const absl::Status status =
        stream_->Scan("keptn", absl::StrCat(kType, kind), {.sequence = 1},
                      [&](uint64_t, absl::string_view id) { ids.emplace_back(id); });
    EXPECT_THAT(status, IsOk());
    return ids;
  }

  // All events are answered once, executed once, and nothing is owed.
  void ExpectAnsweredOnce() {
    EXPECT_TRUE(
        PollUntil([this] { return Stored("finished").size() >= kEvents; }, kClusterPatience));
    const auto all_released = [this] {
      for (const auto& job : installation_->Jobs()) {
        if (job["metadata"].contains("finalizers")) return false;
      }
      return true;
    };
    EXPECT_TRUE(PollUntil(all_released, kClusterPatience));
    for (const char* kind : {"started", "finished"}) {
      const std::vector<std::string> ids = Stored(kind);
      EXPECT_THAT(ids, SizeIs(kEvents)) << kind;
      EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(kEvents)) << kind;
    }
    EXPECT_THAT(installation_->Jobs(), SizeIs(kEvents));
  }

  // For the reader of the test's output; nothing depends on it.
  void Tell(const char* what, absl::Duration time) {
    std::printf("%s: %s\n", what, absl::FormatDuration(time).c_str());
    RecordProperty(what, absl::FormatDuration(time));
  }

  // How long from now until the standby acts, and until it has answered an event.
  void AwaitTakeOver(absl::Duration start) {
    EXPECT_TRUE(PollUntil([this] { return IsActing(standby_); }, kClusterPatience));
    Tell("standby acts after", RealClock().Elapsed() - start);
    EXPECT_TRUE(PollUntil([this] { return Answers(standby_) > 0; }, kClusterPatience));
    Tell("standby has answered after", RealClock().Elapsed() - start);
  }

  std::unique_ptr<NatsServer> nats_;
  std::unique_ptr<nats::Connection> stream_;
  std::unique_ptr<Installation> installation_;
  std::unique_ptr<Subprocess> standby_process_;
  Reporter leader_;
  Reporter standby_;
};

TEST_F(FailoverTest, TheStandbyGoesOnWhenTheLeaderIsKilled) {
  PostEvents(0, kEvents / 2);
  ASSERT_TRUE(PollUntil([this] { return Stored("started").size() >= 3; }, kClusterPatience));
  std::thread poster([this] { PostEvents(kEvents / 2, kEvents); });
  const absl::Duration start = RealClock().Elapsed();
  EXPECT_THAT(leader_.process->Stop(SIGKILL, kClusterPatience), IsOk());
  poster.join();

  AwaitTakeOver(start);
  ExpectAnsweredOnce();
}

TEST_F(FailoverTest, AFrozenLeaderThatWakesUpDoesNothingMore) {
  PostEvents(0, kEvents / 2);
  ASSERT_TRUE(PollUntil([this] { return !Stored("started").empty(); }, kClusterPatience));
  const absl::Duration start = RealClock().Elapsed();
  ASSERT_EQ(kill(leader_.process->pid(), SIGSTOP), 0);
  PostEvents(kEvents / 2, kEvents);
  AwaitTakeOver(start);
  const auto has_slept = [&] { return RealClock().Elapsed() - start >= absl::Seconds(20); };
  ASSERT_TRUE(PollUntil(has_slept, kClusterPatience));
  ASSERT_EQ(kill(leader_.process->pid(), SIGCONT), 0);

  EXPECT_TRUE(PollUntil([this] { return !IsActing(leader_); }, kClusterPatience));
  ExpectAnsweredOnce();
  EXPECT_TRUE(IsActing(standby_));
  EXPECT_TRUE(PollUntil([this] { return IsReady(leader_); }, kClusterPatience));
}

TEST_F(FailoverTest, ALeaderThatStopsHandsOverAtOnce) {
  PostEvents(0, kEvents / 2);
  ASSERT_TRUE(PollUntil([this] { return !Stored("started").empty(); }, kClusterPatience));
  const auto exit_code = leader_.process->Stop(SIGTERM, kClusterPatience);
  const absl::Duration start = RealClock().Elapsed();
  ASSERT_THAT(exit_code, IsOk());
  EXPECT_EQ(*exit_code, 0);
  PostEvents(kEvents / 2, kEvents);

  AwaitTakeOver(start);
  ExpectAnsweredOnce();
}

}  // namespace
}  // namespace jobexec
