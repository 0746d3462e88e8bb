// The source with a real nats-server.
#include "intake/nats_source.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/nats/connection.h"
#include "common/runs/names.h"
#include "tests/support/nats_server.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::NatsServer;
using ::jobexec::testing::PollUntil;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDeploy[] = "sh.keptn.event.deploy.triggered";
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kAckWait = absl::Seconds(2);

// Accepts everything, or what a script says. Thread-safe.
class FakeLink final : public SchedulerLink {
 public:
  void Submit(EventSubmission submission, Callback done) override {
    EventOutcome outcome;
    {
      absl::MutexLock lock(&mutex_);
      submissions_.push_back(submission);
      if (script) outcome = script(submission);
    }
    if (outcome.outcome_case() == EventOutcome::OUTCOME_NOT_SET) outcome.mutable_accepted();
    std::move(done)(std::move(outcome));
  }

  // How often each event was submitted, by its id.
  std::map<std::string, int> Counts() const {
    absl::MutexLock lock(&mutex_);
    std::map<std::string, int> counts;
    for (const EventSubmission& submission : submissions_) ++counts[submission.event().id()];
    return counts;
  }
  std::vector<EventSubmission> Submissions() const {
    absl::MutexLock lock(&mutex_);
    return submissions_;
  }
  bool WaitForEvents(size_t count) const {
    return PollUntil([&] { return Counts().size() >= count; }, kPatience);
  }

  std::function<EventOutcome(const EventSubmission&)> script;

 private:
  mutable absl::Mutex mutex_;
  std::vector<EventSubmission> submissions_ ABSL_GUARDED_BY(mutex_);
};

class NoEnds final : public SequenceEnds {
 public:
  void Finished(cloudevents::Event, Done done) override { std::move(done)(true); }
  bool HasEnded(const cloudevents::Event&) const override { return false; }
};

// An intake as far as NATS is concerned.
class Intake {
 public:
  explicit Intake(const std::string& url)
      : connection_(nats::Connection::Create({.urls = url, .name = "test"}, RealClock())),
        durable_(nats::Consumer::CreateDurable(Options(url), RealClock())),
        core_(nats::CoreConsumer::Create(Options(url), RealClock())) {
    subscriptions_.Set("", {{.event = "sh.keptn.event.*.triggered"}});
    thread_ = std::thread([this] { source_.Run(stop_); });
  }
  ~Intake() {
    stop_.Notify();
    old_.Stop();
    thread_.join();
  }

  static nats::Consumer::Options Options(const std::string& url) {
    return {.urls = url,
            .name = "test",
            .subject = "sh.keptn.event.>",
            .group = "jobexec",
            .ack_wait = kAckWait};
  }

  // True once messages can be fetched.
  bool WaitUntilReady() const {
    return PollUntil([this] { return source_.Check().ok(); }, kPatience);
  }
  std::string MetricsText() const { return metrics_.Text(); }
  bool WaitForMetric(const std::string& line) const {
    return PollUntil([&] { return MetricsText().find(line) != std::string::npos; }, kPatience);
  }

  FakeLink link;

 private:
  Metrics metrics_;
  std::unique_ptr<nats::Connection> connection_;
  nats::AnswerIndex index_{*connection_, RealClock()};
  NatsAnswered answered_{index_, "jobexec", nullptr};
  OldDeliveries old_{answered_, {}, metrics_};
  Dispatcher dispatcher_{link, {}, RealClock(), metrics_, &old_};
  Subscriptions subscriptions_;
  NoEnds ends_;
  std::unique_ptr<nats::Consumer> durable_;
  std::unique_ptr<nats::CoreConsumer> core_;
  NatsSource source_{
      {.idle_wait = absl::Milliseconds(200), .look_for_stream = absl::Milliseconds(200)},
      {*durable_, *core_, subscriptions_, ends_, dispatcher_, RealClock(), metrics_}};
  absl::Notification stop_;
  std::thread thread_;
};

class NatsSourceServerTest : public ::testing::Test {
 protected:
  void Start(bool jetstream) {
    auto server = NatsServer::Start(jetstream);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    if (jetstream) AddStream();
  }
  void AddStream() {
    ASSERT_THAT(server_->AddStream("keptn", "sh.keptn.>", absl::Minutes(2)), IsOk());
  }
  void Publish(const std::string& id) {
    ASSERT_THAT(server_->PublishCore(kDeploy,
                                     absl::StrCat(R"({"specversion":"1.0","source":"s","id":")", id,
                                                  R"(","type":")", kDeploy, R"(","data":{}})")),
                IsOk());
  }
  void PublishOurStarted(const std::string& id) {
    const auto connection =
        nats::Connection::Create({.urls = server_->url(), .name = "reporter"}, RealClock());
    ASSERT_THAT(connection->Publish("sh.keptn.event.deploy.started",
                                    runs::AnswerId("jobexec", "s", id, "started"), "{}"),
                IsOk());
  }
  // Messages that come (again) when nobody else fetches any more.
  size_t CountLeft() {
    const auto consumer =
        nats::Consumer::CreateDurable(Intake::Options(server_->url()), RealClock());
    const auto messages = consumer->Fetch(100, kAckWait + absl::Seconds(1));
    EXPECT_THAT(messages, IsOk());
    return messages.ok() ? messages->size() : 0;
  }

  std::unique_ptr<NatsServer> server_;
};

TEST_F(NatsSourceServerTest, WhatACrashedIntakeHadIsLookedUp) {
  Start(/*jetstream=*/true);
  {
    const auto crashed =
        nats::Consumer::CreateDurable(Intake::Options(server_->url()), RealClock());
    ASSERT_THAT(crashed->Fetch(1, absl::ZeroDuration() + absl::Milliseconds(1)), IsOk());
    Publish("answered");
    Publish("not answered");
    ASSERT_THAT(crashed->Fetch(10, kPatience), IsOk());
  }
  PublishOurStarted("answered");

  auto intake = std::make_unique<Intake>(server_->url());
  Publish("new");

  EXPECT_TRUE(intake->link.WaitForEvents(2));
  EXPECT_TRUE(intake->WaitForMetric("old_deliveries_total{result=\"answered\"} 1\n"));
  EXPECT_TRUE(intake->WaitForMetric("old_deliveries_total{result=\"not_answered\"} 1\n"));
  // The answer itself is one of the messages.
  EXPECT_TRUE(intake->WaitForMetric("nats_settled_total{how=\"ack\"} 4\n"));
  const std::map<std::string, int> expected = {{"new", 1}, {"not answered", 1}};
  EXPECT_EQ(intake->link.Counts(), expected);
  intake.reset();
  EXPECT_EQ(CountLeft(), 0u);
}

TEST_F(NatsSourceServerTest, AServerThatIsKilledLosesNothing) {
  Start(/*jetstream=*/true);
  Intake intake(server_->url());
  ASSERT_TRUE(intake.WaitUntilReady());
  Publish("before");
  EXPECT_TRUE(intake.link.WaitForEvents(1));
  ASSERT_THAT(server_->Kill(), IsOk());
  EXPECT_TRUE(intake.WaitForMetric("jobexec_intake_nats_up 0\n"));
  ASSERT_THAT(server_->Restart(), IsOk());
  Publish("after");

  EXPECT_TRUE(intake.link.WaitForEvents(2));
  EXPECT_TRUE(intake.WaitForMetric("jobexec_intake_nats_up 1\n"));
  EXPECT_EQ(intake.link.Counts()["after"], 1);
}

TEST_F(NatsSourceServerTest, TwoIntakesShareTheEvents) {
  Start(/*jetstream=*/true);
  Intake first(server_->url());
  Intake second(server_->url());
  ASSERT_TRUE(first.WaitUntilReady() && second.WaitUntilReady());
  for (int i = 0; i < 50; ++i) Publish(absl::StrCat(i));

  EXPECT_TRUE(PollUntil(
      [&] { return first.link.Counts().size() + second.link.Counts().size() == 50; }, kPatience));
  for (const auto& [id, count] : first.link.Counts()) {
    EXPECT_EQ(count, 1) << id;
    EXPECT_EQ(second.link.Counts().count(id), 0u) << id;
  }
}

TEST_F(NatsSourceServerTest, ARetryComesAgain) {
  Start(/*jetstream=*/true);
  auto intake = std::make_unique<Intake>(server_->url());
  ASSERT_TRUE(intake->WaitUntilReady());
  int submissions = 0;
  intake->link.script = [&submissions](const EventSubmission&) {
    return ++submissions < 3 ? RetryOutcome(absl::Milliseconds(100), "busy") : EventOutcome();
  };
  Publish("again");

  EXPECT_TRUE(PollUntil([&] { return intake->link.Counts()["again"] == 3; }, kPatience));
  EXPECT_TRUE(intake->WaitForMetric("nats_settled_total{how=\"ack\"} 1\n"));
  EXPECT_THAT(intake->MetricsText(), HasSubstr("nats_settled_total{how=\"nak\"} 2\n"));
  intake.reset();
  EXPECT_EQ(CountLeft(), 0u);
}

TEST_F(NatsSourceServerTest, WithoutJetStreamEventsComeAndLaterByTheStream) {
  Start(/*jetstream=*/false);
  Intake intake(server_->url());
  ASSERT_TRUE(intake.WaitUntilReady());
  EXPECT_THAT(intake.MetricsText(), HasSubstr("jobexec_intake_nats_durable 0\n"));
  Publish("plain");
  EXPECT_TRUE(intake.link.WaitForEvents(1));

  ASSERT_THAT(server_->Kill(), IsOk());
  ASSERT_THAT(server_->RestartWithJetStream(), IsOk());
  AddStream();
  Publish("stored");

  EXPECT_TRUE(intake.link.WaitForEvents(2));
  EXPECT_TRUE(intake.WaitForMetric("jobexec_intake_nats_durable 1\n"));
  EXPECT_EQ(intake.link.Submissions().front().from_sequence(), 0u);
  Publish("more");
  EXPECT_TRUE(intake.link.WaitForEvents(3));
  EXPECT_EQ(intake.link.Submissions().back().from_sequence(), 2u);
}

}  // namespace
}  // namespace jobexec::intake
