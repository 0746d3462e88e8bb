// Answers through Keptn's API, which counts every copy: at most one .started whatever gets lost.
#include <gmock/gmock.h>

#include "tests/unit/reporter/harness.h"

namespace jobexec::reporter {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder

JobView OneTask() { return Anchor({Entry(0, 1)}); }

absl::Status NotSent(absl::Status status) {
  SetReason(status, kNotSent);
  return status;
}

// Brings one event to its end.
void Live(Harness& h, absl::Duration time = absl::Minutes(5)) {
  h.Create(OneTask());
  h.Run(absl::Minutes(5));
  h.EndPod(OneTask(), 0, "hello\n");
  h.Run(time);
}

void ExpectOneEach(const Harness& h) {
  EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
  EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
  EXPECT_EQ(h.LedgerOf(OneTask()), "f");
  EXPECT_FALSE(h.IsHeld(OneTask()));
}

TEST(KeptnAnswers, NothingIsAskedWhenNothingIsLost) {
  Harness h(Transport::kKeptn);
  Live(h);
  ExpectOneEach(h);
  EXPECT_EQ(h.publisher.looks, 0);
  EXPECT_EQ(h.kube.Count("patch"), 4);
}

TEST(KeptnAnswers, ALostReplyIsNoReasonToSendAgain) {
  for (const char* kind : {"started", "finished"}) {
    SCOPED_TRACE(kind);
    Harness h(Transport::kKeptn);
    h.publisher.lands = true;
    h.Create(OneTask());
    const bool of_started = std::string(kind) == "started";
    if (!of_started) h.Run(absl::Seconds(5));
    h.publisher.failures = {absl::UnavailableError("cut")};
    if (!of_started) h.EndPod(OneTask(), 0, "");
    h.Run(absl::Seconds(44));
    EXPECT_EQ(h.publisher.looks, 0) << "it may still be on its way";
    h.Run(absl::Seconds(10));
    EXPECT_EQ(h.publisher.looks, 1);
    if (of_started) h.EndPod(OneTask(), 0, "");
    h.Run();
    ExpectOneEach(h);
    EXPECT_EQ(h.publisher.attempts, 2);
  }
}

TEST(KeptnAnswers, WhatNeverArrivedIsSentAgainAfterTwoLooks) {
  Harness h(Transport::kKeptn);
  h.publisher.failures = {absl::DeadlineExceededError("no answer")};
  h.Create(OneTask());
  h.Run(absl::Seconds(45));
  EXPECT_EQ(h.publisher.looks, 1);
  h.Run(absl::Seconds(14));
  EXPECT_EQ(h.publisher.attempts, 1);
  h.Run(absl::Seconds(10));
  EXPECT_EQ(h.publisher.looks, 2);
  EXPECT_EQ(h.publisher.look_times[1] - h.publisher.look_times[0], kControllerGap);
  EXPECT_EQ(h.publisher.attempts, 2);
  EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
  EXPECT_EQ(h.LedgerOf(OneTask()), "s");
}

TEST(KeptnAnswers, TheEventStoresWordTakesLonger) {
  Harness h(Transport::kKeptn);
  h.publisher.failures = {absl::DeadlineExceededError("no answer")};
  h.publisher.from_event_store = true;
  h.Create(OneTask());
  h.Run(absl::Minutes(2));
  ASSERT_THAT(h.publisher.look_times, SizeIs(2));
  EXPECT_EQ(h.publisher.look_times[1] - h.publisher.look_times[0], kEventStoreGap);
  EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
}

TEST(KeptnAnswers, ManyFailuresOfOneKind) {
  const struct {
    const char* name;
    absl::Status failure;
    bool lands;
    bool asks;
  } cases[] = {
      {"429", NotSent(absl::UnavailableError("too many calls")), false, false},
      {"401", NotSent(absl::UnauthenticatedError("bad token")), false, false},
      {"refused connection", NotSent(absl::UnavailableError("refused")), false, false},
      {"500, not taken", absl::UnavailableError("500"), false, true},
      {"500, taken", absl::UnavailableError("500"), true, true},
      {"cut, taken", absl::UnavailableError("cut"), true, true},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    Harness h(Transport::kKeptn);
    h.publisher.lands = test.lands;
    h.publisher.failures = {test.failure, test.failure, test.failure};
    Live(h);
    ExpectOneEach(h);
    EXPECT_EQ(h.publisher.looks > 0, test.asks);
  }
}

// Keptn refuses an event because it is no task of Keptn's: there is nobody to send it to.
TEST(KeptnAnswers, ARefusedAnswerThatNobodyWaitsForIsDone) {
  Harness h(Transport::kKeptn);
  h.publisher.moot = true;
  h.publisher.failures =
      std::vector<absl::Status>(100, NotSent(absl::InvalidArgumentError("bad type")));
  Live(h);
  EXPECT_THAT(h.publisher.stored, SizeIs(0));
  EXPECT_EQ(h.LedgerOf(OneTask()), "f");
  EXPECT_FALSE(h.IsHeld(OneTask()));
  EXPECT_EQ(h.publisher.attempts, 2);
}

TEST(KeptnAnswers, ARefusedAnswerIsSentAgainIfItIsWantedOrNobodyKnows) {
  for (const bool known : {true, false}) {
    SCOPED_TRACE(known);
    Harness h(Transport::kKeptn);
    if (!known) h.publisher.look_failure = absl::UnavailableError("away");
    h.publisher.failures = std::vector<absl::Status>(3, NotSent(absl::InvalidArgumentError("no")));
    Live(h);
    ExpectOneEach(h);
  }
}

// Whatever carries the answer may take less than we thought.
TEST(KeptnAnswers, ARefusedAnswerGetsShorter) {
  Harness h(Transport::kKeptn);
  h.Create(OneTask());
  h.Run(absl::Seconds(5));
  h.publisher.failures =
      std::vector<absl::Status>(3, NotSent(absl::InvalidArgumentError("too large")));
  h.EndPod(OneTask(), 0, std::string(60'000, 'x') + "the end\n");
  h.Run();
  ASSERT_THAT(h.publisher.Events("finished"), SizeIs(1));
  const std::string body = h.publisher.Events("finished")[0].text_data();
  EXPECT_LE(body.size(), 13'000u) << "768 KiB, three times cut to a fourth";
  EXPECT_THAT(body, AllOf(HasSubstr("bytes cut"), HasSubstr("the end")));
}

TEST(KeptnAnswers, WhatIsMootIsDone) {
  Harness h(Transport::kKeptn);
  h.publisher.failures = {absl::UnavailableError("cut")};
  h.publisher.moot = true;
  h.Create(OneTask());
  h.Run(absl::Minutes(2));
  EXPECT_EQ(h.LedgerOf(OneTask()), "s");
  h.publisher.failures = {absl::UnavailableError("cut")};
  h.EndPod(OneTask(), 0, "");
  h.Run(absl::Minutes(2));
  EXPECT_EQ(h.LedgerOf(OneTask()), "f");
  EXPECT_FALSE(h.IsHeld(OneTask()));
  EXPECT_THAT(h.publisher.stored, SizeIs(0));
}

// Nobody can be asked whether .started came. A second one would hang the sequence, no .finished
// would too, and so would a .finished before Keptn has given up waiting for a .started that is not
// there.
TEST(KeptnAnswers, AStartedThatNobodyKnowsOfIsNotSentAgainAndTheFinishedComesLate) {
  for (const bool landed : {true, false}) {
    SCOPED_TRACE(landed);
    Harness h(Transport::kKeptn);
    h.publisher.lands = landed;
    h.publisher.failures = {absl::UnavailableError("cut")};
    h.publisher.look_failure = absl::UnavailableError("away");
    h.Create(OneTask());
    h.EndPod(OneTask(), 0, "");
    h.Run(absl::Minutes(14));
    EXPECT_EQ(h.publisher.attempts, 1) << "neither .started nor .finished";
    EXPECT_THAT(h.Counters(), Not(HasSubstr("jobexec_reporter_given_up_total{")));
    h.Run(absl::Minutes(3));
    EXPECT_EQ(h.publisher.attempts, 2);
    EXPECT_THAT(h.publisher.Events("started"), SizeIs(landed ? 1 : 0));
    EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
    EXPECT_EQ(h.LedgerOf(OneTask()), "f");
    EXPECT_FALSE(h.IsHeld(OneTask()));
    EXPECT_THAT(h.Counters(), HasSubstr(R"(jobexec_reporter_given_up_total{kind="started"} 1)"));
  }
}

TEST(KeptnAnswers, KeptnComesBackBeforeStartedIsGivenUp) {
  Harness h(Transport::kKeptn);
  h.publisher.lands = true;
  h.publisher.failures = {absl::UnavailableError("cut")};
  h.publisher.look_failure = absl::UnavailableError("away");
  h.Create(OneTask());
  h.Run(absl::Minutes(10));
  h.publisher.look_failure = absl::OkStatus();
  h.Run(absl::Minutes(2));
  EXPECT_EQ(h.LedgerOf(OneTask()), "s");
  EXPECT_EQ(h.publisher.attempts, 1);
}

// Given up, but the tasks still run: what Keptn says when they have ended counts.
TEST(KeptnAnswers, AGivenUpStartedIsSentIfKeptnComesBackAndMissesIt) {
  for (const bool landed : {true, false}) {
    SCOPED_TRACE(landed);
    Harness h(Transport::kKeptn);
    h.publisher.lands = landed;
    h.publisher.failures = {absl::UnavailableError("cut")};
    h.publisher.look_failure = absl::UnavailableError("away");
    h.Create(OneTask());
    h.Run(absl::Minutes(20));
    EXPECT_THAT(h.Counters(), HasSubstr("jobexec_reporter_given_up_total{"));
    h.publisher.look_failure = absl::OkStatus();
    h.EndPod(OneTask(), 0, "");
    h.Run(absl::Minutes(2));
    ExpectOneEach(h);
    EXPECT_EQ(h.publisher.stored[0].event.type(), "sh.keptn.event.deploy.started");
  }
}

// The intention of .finished stands already, Keptn was away for longer. A .finished without its
// .started would keep Keptn from ending the sequence.
TEST(KeptnAnswers, AFinishedWaitsForTheEndOfASequenceThatMissesItsStarted) {
  Harness h(Transport::kKeptn);
  h.publisher.failures = {absl::UnavailableError("cut")};
  for (int i = 0; i < 100; ++i) {
    h.publisher.failures.push_back(NotSent(absl::UnavailableError("refused")));
  }
  h.publisher.look_failure = absl::UnavailableError("away");
  h.Create(OneTask());
  h.EndPod(OneTask(), 0, "");
  h.Run(absl::Minutes(30));
  EXPECT_THAT(h.LedgerOf(OneTask()), HasSubstr("f?1"));

  h.publisher.failures.clear();
  h.publisher.look_failure = absl::OkStatus();
  h.Run(absl::Minutes(5));
  EXPECT_THAT(h.publisher.stored, SizeIs(0));
  h.publisher.moot = true;
  h.Run(absl::Minutes(2));
  EXPECT_EQ(h.LedgerOf(OneTask()), "f");
  EXPECT_FALSE(h.IsHeld(OneTask()));
}

TEST(KeptnAnswers, AFinishedThatNobodyKnowsOfIsSentAgainAtLast) {
  Harness h(Transport::kKeptn);
  h.Create(OneTask());
  h.Run(absl::Seconds(5));
  h.publisher.failures = {absl::UnavailableError("cut")};
  h.publisher.look_failure = absl::UnimplementedError("no such call");
  h.EndPod(OneTask(), 0, "");
  h.Run(absl::Minutes(14));
  EXPECT_EQ(h.publisher.attempts, 2);
  h.Run(absl::Minutes(3));
  EXPECT_EQ(h.publisher.attempts, 3);
  ExpectOneEach(h);
}

// A successor that finds an intention waits and asks, however old it is: the dead one may have sent
// under it with its last breath.
TEST(KeptnAnswers, ASuccessorAsksBeforeItSends) {
  Harness h(Transport::kKeptn);
  h.Create(WithLedger(OneTask(), "s?1:1600000000000:other"));
  h.Run(absl::Seconds(44));
  EXPECT_EQ(h.publisher.looks, 0);
  h.Run(absl::Seconds(30));
  EXPECT_EQ(h.publisher.looks, 2);
  EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
}

// Death at any call, with the call landed or not; a successor finishes the work.
class KeptnDeaths : public ::testing::TestWithParam<bool> {};

TEST_P(KeptnDeaths, EachAnswerIsCountedOnce) {
  for (int calls = 1;; ++calls) {
    SCOPED_TRACE(absl::StrCat("died at call ", calls));
    Harness h(Transport::kKeptn);
    h.fuse.Light(calls, GetParam());
    h.Create(OneTask());
    h.Run(absl::Seconds(5));
    h.EndPod(OneTask(), 0, "one");
    h.Run(absl::Seconds(5));
    const bool died = h.fuse.burnt();
    h.StartReporter();
    h.Run(absl::Minutes(5));
    ExpectOneEach(h);
    if (!died) {
      EXPECT_GE(calls, 7) << "two intentions, two answers, two marks, a log";
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Reconciler, KeptnDeaths, ::testing::Values(false, true),
                         [](const auto& test) { return test.param ? "AnswerLost" : "CallLost"; });

}  // namespace
}  // namespace jobexec::reporter
