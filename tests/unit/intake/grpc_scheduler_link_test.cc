#include "intake/grpc_scheduler_link.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "tests/support/manual_clock.h"
#include "tests/support/poll.h"
#include "tests/support/test_scheduler.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::ManualClock;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::TestScheduler;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TestScheduler::Script Hold() {
  return [](const EventSubmission&) { return std::nullopt; };
}

// Answers with the id of the event, so that mixed-up answers show.
TestScheduler::Script AcceptAll() {
  return [](const EventSubmission& s) { return TestScheduler::Accepted(s.event().id()); };
}

EventOutcome WithSequence(EventOutcome outcome, uint64_t sequence) {
  outcome.set_sequence(sequence);
  return outcome;
}

bool WaitUntil(const std::function<bool()>& condition) {
  return PollUntil(condition, absl::Seconds(30));
}

// "id:sequence" of what the scheduler got.
std::vector<std::string> Wire(const TestScheduler& scheduler) {
  std::vector<std::string> texts;
  for (const auto& s : scheduler.Received()) {
    texts.push_back(absl::StrCat(s.event().id(), ":", s.sequence()));
  }
  return texts;
}

// Collects what the link says about each event.
class Answers {
 public:
  SchedulerLink::Callback For(const std::string& id) {
    return [this, id](EventOutcome outcome) {
      absl::MutexLock lock(&mutex_);
      answers_.emplace(id, std::move(outcome));
    };
  }
  size_t Count() const {
    absl::MutexLock lock(&mutex_);
    return answers_.size();
  }
  bool AnyRetry() const {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, outcome] : answers_) {
      if (outcome.has_retry()) return true;
    }
    return false;
  }
  bool WaitFor(size_t count) const {
    return WaitUntil([this, count] { return Count() >= count; });
  }
  // The one answer for `id`.
  EventOutcome Of(const std::string& id) const {
    absl::MutexLock lock(&mutex_);
    EXPECT_EQ(answers_.count(id), 1) << id;
    const auto found = answers_.find(id);
    return found == answers_.end() ? EventOutcome() : found->second;
  }

 private:
  mutable absl::Mutex mutex_;
  std::multimap<std::string, EventOutcome> answers_ ABSL_GUARDED_BY(mutex_);
};

class GrpcSchedulerLinkTest : public ::testing::Test {
 protected:
  std::unique_ptr<GrpcSchedulerLink> Connect(const TestScheduler& scheduler, Clock& clock) {
    return Connect(scheduler.address(), clock, {});
  }
  std::unique_ptr<GrpcSchedulerLink> Connect(const std::string& address, Clock& clock,
                                             GrpcSchedulerLink::Options options) {
    options.first_backoff = absl::Milliseconds(1);
    options.tick = absl::Milliseconds(1);
    return std::make_unique<GrpcSchedulerLink>(rpc::CreateChannel(address), options, clock,
                                               metrics_);
  }

  void Submit(SchedulerLink& link, Clock& clock, const std::string& id,
              absl::Duration lifetime = absl::Seconds(60)) {
    EventSubmission submission;
    submission.mutable_event()->set_id(id);
    submission.mutable_deadline()->set_seconds(absl::ToUnixSeconds(clock.TimeNow() + lifetime));
    link.Submit(std::move(submission), answers_.For(id));
  }

  Metrics metrics_;
  Answers answers_;
  ManualClock manual_;
};

TEST_F(GrpcSchedulerLinkTest, EachSubmissionGetsItsOwnOutcome) {
  TestScheduler scheduler([](const EventSubmission& s) -> std::optional<EventOutcome> {
    if (s.event().id() == "ignored") return TestScheduler::Ignored("no match");
    if (s.event().id() == "rejected") return TestScheduler::Rejected(3, "BAD", "text", true);
    if (s.event().id() == "retry") return TestScheduler::Retry(7, "busy");
    return TestScheduler::Accepted(s.event().id());
  });
  const auto link = Connect(scheduler, RealClock());

  for (const char* id : {"one", "ignored", "rejected", "retry", "two"}) {
    Submit(*link, RealClock(), id);
  }

  ASSERT_TRUE(answers_.WaitFor(5));
  EXPECT_EQ(answers_.Of("one").accepted().runs(0).action(), "one");
  EXPECT_EQ(answers_.Of("two").accepted().runs(0).action(), "two");
  EXPECT_EQ(answers_.Of("ignored").ignored().reason(), "no match");
  EXPECT_EQ(answers_.Of("rejected").rejected().message(), "text");
  EXPECT_EQ(answers_.Of("retry").retry().delay().seconds(), 7);
  EXPECT_THAT(Wire(scheduler), ElementsAre("one:1", "ignored:2", "rejected:3", "retry:4", "two:5"));
}

TEST_F(GrpcSchedulerLinkTest, OutcomesMayComeInAnyOrder) {
  TestScheduler scheduler(Hold());
  const auto link = Connect(scheduler, RealClock());
  for (const char* id : {"a", "b", "c"}) Submit(*link, RealClock(), id);
  ASSERT_TRUE(scheduler.WaitForReceived(3));

  for (const uint64_t sequence : {3, 1, 2}) {
    scheduler.Send(WithSequence(TestScheduler::Accepted(absl::StrCat(sequence)), sequence));
  }

  ASSERT_TRUE(answers_.WaitFor(3));
  EXPECT_EQ(answers_.Of("a").accepted().runs(0).action(), "1");
  EXPECT_EQ(answers_.Of("b").accepted().runs(0).action(), "2");
  EXPECT_EQ(answers_.Of("c").accepted().runs(0).action(), "3");
}

TEST_F(GrpcSchedulerLinkTest, FullWindowHoldsWritesBack) {
  TestScheduler scheduler(Hold());
  const auto link = Connect(scheduler.address(), RealClock(), {.credits = 2});
  for (int i = 1; i <= 5; ++i) Submit(*link, RealClock(), absl::StrCat("e", i));

  for (uint64_t answered = 0; answered < 5; ++answered) {
    const size_t expected = std::min<size_t>(answered + 2, 5);
    ASSERT_TRUE(scheduler.WaitForReceived(expected));
    EXPECT_EQ(scheduler.Received().size(), expected);
    scheduler.Send(WithSequence(TestScheduler::Accepted(), answered + 1));
    ASSERT_TRUE(answers_.WaitFor(answered + 1));
  }
  EXPECT_THAT(Wire(scheduler), ElementsAre("e1:1", "e2:2", "e3:3", "e4:4", "e5:5"));
}

TEST_F(GrpcSchedulerLinkTest, BeyondCapacityTheAnswerIsRetryAtOnce) {
  TestScheduler scheduler(Hold());
  const auto link = Connect(scheduler.address(), RealClock(), {.capacity = 2});

  for (const char* id : {"a", "b", "c"}) Submit(*link, RealClock(), id);

  EXPECT_EQ(answers_.Count(), 1);
  EXPECT_THAT(answers_.Of("c").retry().reason(), HasSubstr("too many"));
  EXPECT_GT(answers_.Of("c").retry().delay().seconds(), 0);
}

TEST_F(GrpcSchedulerLinkTest, ACutStreamIsReplacedAndTheUndecidedSentAgain) {
  TestScheduler scheduler(Hold());
  const auto link = Connect(scheduler, RealClock());
  for (const char* id : {"a", "b", "c"}) Submit(*link, RealClock(), id);
  ASSERT_TRUE(scheduler.WaitForReceived(3));
  scheduler.Send(WithSequence(TestScheduler::Accepted("first stream"), 2));
  ASSERT_TRUE(answers_.WaitFor(1));

  scheduler.CutStreams();

  ASSERT_TRUE(scheduler.WaitForReceived(5));
  EXPECT_THAT(Wire(scheduler), ElementsAre("a:1", "b:2", "c:3", "a:1", "c:2"));
  for (const uint64_t sequence : {1, 2}) {
    scheduler.Send(WithSequence(TestScheduler::Accepted("second stream"), sequence));
  }
  ASSERT_TRUE(answers_.WaitFor(3));
  EXPECT_EQ(answers_.Of("a").accepted().runs(0).action(), "second stream");
  EXPECT_EQ(answers_.Of("b").accepted().runs(0).action(), "first stream");
  EXPECT_EQ(answers_.Of("c").accepted().runs(0).action(), "second stream");
  EXPECT_EQ(scheduler.StreamsOpened(), 2);
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_stream_reconnects_total 1"));
}

TEST_F(GrpcSchedulerLinkTest, WaitsForASchedulerThatIsAbsentAtTheStart) {
  const int port = TestScheduler(Hold()).port();
  const auto link = Connect(absl::StrCat("127.0.0.1:", port), RealClock(), {});
  Submit(*link, RealClock(), "a");
  EXPECT_FALSE(link->Up());

  TestScheduler scheduler(AcceptAll(), port);

  ASSERT_TRUE(answers_.WaitFor(1));
  EXPECT_EQ(answers_.Of("a").accepted().runs(0).action(), "a");
  EXPECT_TRUE(link->Up());
}

TEST_F(GrpcSchedulerLinkTest, SurvivesARestartOfTheScheduler) {
  auto first = std::make_unique<TestScheduler>(Hold());
  const int port = first->port();
  const auto link = Connect(*first, RealClock());
  Submit(*link, RealClock(), "a");
  ASSERT_TRUE(first->WaitForReceived(1));

  first.reset();
  ASSERT_TRUE(WaitUntil([&] { return !link->Up(); }));
  Submit(*link, RealClock(), "b");
  TestScheduler second(AcceptAll(), port);

  ASSERT_TRUE(answers_.WaitFor(2));
  EXPECT_THAT(Wire(second), ElementsAre("a:1", "b:2"));
  EXPECT_EQ(answers_.Of("a").accepted().runs(0).action(), "a");
  EXPECT_EQ(answers_.Of("b").accepted().runs(0).action(), "b");
}

TEST_F(GrpcSchedulerLinkTest, GivesUpAtTheDeadlineAndIgnoresTheLateAnswer) {
  TestScheduler scheduler(Hold());
  const auto link = Connect(scheduler, manual_);
  Submit(*link, manual_, "slow", absl::Seconds(60));
  Submit(*link, manual_, "later", absl::Seconds(65));
  ASSERT_TRUE(scheduler.WaitForReceived(2));

  manual_.Advance(absl::Seconds(59));
  EXPECT_EQ(answers_.Count(), 0);
  manual_.Advance(absl::Seconds(1));

  ASSERT_TRUE(answers_.WaitFor(1));
  EXPECT_THAT(answers_.Of("slow").retry().reason(), HasSubstr("in time"));
  scheduler.Send(WithSequence(TestScheduler::Accepted(), 1));
  scheduler.Send(WithSequence(TestScheduler::Accepted(), 2));
  ASSERT_TRUE(answers_.WaitFor(2));
  EXPECT_TRUE(answers_.Of("later").has_accepted());
  EXPECT_TRUE(answers_.Of("slow").has_retry());
}

TEST_F(GrpcSchedulerLinkTest, GivesUpAtTheDeadlineWithoutAnyScheduler) {
  const int port = TestScheduler(Hold()).port();
  const auto link = Connect(absl::StrCat("127.0.0.1:", port), manual_, {});
  Submit(*link, manual_, "a");

  manual_.Advance(absl::Seconds(60));

  ASSERT_TRUE(answers_.WaitFor(1));
  EXPECT_TRUE(answers_.Of("a").has_retry());
}

TEST_F(GrpcSchedulerLinkTest, LeavesASchedulerThatStaysSilent) {
  TestScheduler scheduler(Hold());
  const auto link = Connect(scheduler.address(), manual_, {.patience = absl::Seconds(10)});
  Submit(*link, manual_, "a");
  ASSERT_TRUE(scheduler.WaitForReceived(1));

  manual_.Advance(absl::Seconds(71));
  ASSERT_TRUE(answers_.WaitFor(1));
  ASSERT_TRUE(WaitUntil([&] {
    manual_.Advance(absl::Milliseconds(1));  // the back-off before the next stream
    return scheduler.StreamsOpened() == 2;
  }));

  Submit(*link, manual_, "b");
  ASSERT_TRUE(scheduler.WaitForReceived(2));
  EXPECT_THAT(Wire(scheduler), ElementsAre("a:1", "b:1"));
}

TEST_F(GrpcSchedulerLinkTest, AnswersToNobodyChangeNothing) {
  TestScheduler scheduler(Hold());
  const auto link = Connect(scheduler, RealClock());
  Submit(*link, RealClock(), "a");
  ASSERT_TRUE(scheduler.WaitForReceived(1));

  for (const uint64_t sequence : {0, 2, 999, 1, 1}) {
    scheduler.Send(WithSequence(TestScheduler::Accepted(), sequence));
  }

  ASSERT_TRUE(answers_.WaitFor(1));
  Submit(*link, RealClock(), "b");
  ASSERT_TRUE(scheduler.WaitForReceived(2));
  scheduler.Send(WithSequence(TestScheduler::Accepted(), 2));
  ASSERT_TRUE(answers_.WaitFor(2));
  EXPECT_EQ(scheduler.StreamsOpened(), 1);
  EXPECT_TRUE(answers_.Of("a").has_accepted());
}

TEST_F(GrpcSchedulerLinkTest, AnAnswerWithoutOutcomeMeansRetry) {
  TestScheduler scheduler([](const EventSubmission&) { return EventOutcome(); });
  const auto link = Connect(scheduler, RealClock());

  Submit(*link, RealClock(), "a");

  ASSERT_TRUE(answers_.WaitFor(1));
  EXPECT_THAT(answers_.Of("a").retry().reason(), HasSubstr("no outcome"));
}

TEST_F(GrpcSchedulerLinkTest, StopWaitsForWhatIsInFlight) {
  TestScheduler scheduler([](const EventSubmission& s) -> std::optional<EventOutcome> {
    if (s.event().id() == "held") return std::nullopt;
    return TestScheduler::Accepted();
  });
  const auto link = Connect(scheduler, RealClock());
  Submit(*link, RealClock(), "held");
  ASSERT_TRUE(scheduler.WaitForReceived(1));

  std::thread stopper([&] { link->Stop(absl::Seconds(30)); });
  int late = 0;
  ASSERT_TRUE(WaitUntil([&] {  // until the link has begun to stop
    Submit(*link, RealClock(), absl::StrCat("late", late++));
    return answers_.AnyRetry();
  }));
  scheduler.Send(WithSequence(TestScheduler::Accepted(), 1));
  stopper.join();

  EXPECT_TRUE(answers_.Of("held").has_accepted());
  EXPECT_EQ(answers_.Count(), late + 1);
  EXPECT_THAT(answers_.Of(absl::StrCat("late", late - 1)).retry().reason(), HasSubstr("stopping"));
  EXPECT_FALSE(link->Up());
}

TEST_F(GrpcSchedulerLinkTest, StopAnswersRetryWhenTheGraceIsOver) {
  TestScheduler scheduler(Hold());
  const auto link = Connect(scheduler.address(), RealClock(), {.credits = 1});
  Submit(*link, RealClock(), "written");
  Submit(*link, RealClock(), "waiting");
  ASSERT_TRUE(scheduler.WaitForReceived(1));

  link->Stop(absl::ZeroDuration());

  EXPECT_EQ(answers_.Count(), 2);
  EXPECT_THAT(answers_.Of("written").retry().reason(), HasSubstr("stopping"));
  EXPECT_THAT(answers_.Of("waiting").retry().reason(), HasSubstr("stopping"));
  link->Stop(absl::ZeroDuration());
  Submit(*link, RealClock(), "after");
  EXPECT_TRUE(answers_.Of("after").has_retry());
}

TEST_F(GrpcSchedulerLinkTest, StopsAtOnceWhenNothingIsInFlight) {
  TestScheduler scheduler(AcceptAll());
  const auto link = Connect(scheduler, RealClock());
  ASSERT_TRUE(WaitUntil([&] { return link->Up(); }));

  link->Stop(absl::InfiniteDuration());

  EXPECT_EQ(answers_.Count(), 0);
}

constexpr int kSubmitters = 8;
constexpr int kEventsEach = 100;
constexpr size_t kAll = size_t{kSubmitters} * kEventsEach;

// The stream is cut every 50 submissions while eight threads submit.
TEST_F(GrpcSchedulerLinkTest, EachOfManyIsAnsweredOnceWhateverBreaks) {
  std::atomic<int> seen{0};
  TestScheduler* cut = nullptr;
  TestScheduler scheduler([&](const EventSubmission& s) -> std::optional<EventOutcome> {
    if (++seen % 50 == 0) cut->CutStreams();
    return TestScheduler::Accepted(s.event().id());
  });
  cut = &scheduler;
  const auto link = Connect(scheduler.address(), RealClock(),
                            {.credits = 16, .longest_backoff = absl::Milliseconds(2)});

  std::vector<std::thread> threads;
  threads.reserve(kSubmitters);
  for (int t = 0; t < kSubmitters; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEventsEach; ++i) Submit(*link, RealClock(), absl::StrCat(t, "/", i));
    });
  }
  for (std::thread& thread : threads) thread.join();

  ASSERT_TRUE(answers_.WaitFor(kAll));
  EXPECT_EQ(answers_.Count(), kAll);
  for (int t = 0; t < kSubmitters; ++t) {
    for (int i = 0; i < kEventsEach; ++i) {
      const std::string id = absl::StrCat(t, "/", i);
      EXPECT_EQ(answers_.Of(id).accepted().runs(0).action(), id);
    }
  }
  EXPECT_GT(scheduler.StreamsOpened(), 1);
}

}  // namespace
}  // namespace jobexec::intake
