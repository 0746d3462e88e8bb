#include "reporter/reconciler.h"

#include <gmock/gmock.h>

#include "tests/unit/reporter/harness.h"

namespace jobexec::reporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder

Json DataOf(const cloudevents::Event& event) { return Json::parse(event.text_data()); }

JobView OneTask() { return Anchor({Entry(0, 1)}); }

// The values that patches gave the ledger, in order.
std::vector<std::string> Ledgers(const Harness& h) {
  std::vector<std::string> ledgers;
  for (const auto& call : h.kube.Calls()) {
    for (const Json& op : call.verb == "patch" ? call.object : Json::array()) {
      if (op["op"] == "replace" && op["path"] == "/metadata/annotations/jobexec.dev~1ledger") {
        ledgers.push_back(op["value"]);
      }
    }
  }
  return ledgers;
}

TEST(Reconciler, OneTaskOverJetStream) {
  Harness h(Transport::kJetStream);
  h.Create(OneTask());
  h.Run(absl::Seconds(5));
  EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
  EXPECT_EQ(h.LedgerOf(OneTask()), "s:1");
  EXPECT_TRUE(h.IsHeld(OneTask()));

  h.EndPod(OneTask(), 0, "hello\n");
  h.Run();

  ASSERT_THAT(h.publisher.Events("finished"), SizeIs(1));
  EXPECT_EQ(DataOf(h.publisher.Events("finished")[0])["message"],
            "Task 'task1' finished successfully!\n\nLogs:\nContainer main of pod "
            "jes-3b86cd6bf79642a53842ee86-000-001-x:\nhello\n\n\n\n\n");
  EXPECT_EQ(h.LedgerOf(OneTask()), "f:2");
  EXPECT_FALSE(h.IsHeld(OneTask()));
  EXPECT_EQ(h.Job(OneTask())["spec"]["ttlSecondsAfterFinished"], 3600);
  EXPECT_EQ(h.kube.Count("patch"), 2);
  EXPECT_EQ(h.kube.Count("log"), 1);
  EXPECT_EQ(h.kube.Count("get"), 0);
  EXPECT_EQ(h.kube.Count("list"), 0);
  EXPECT_EQ(h.publisher.looks, 0) << "born under this reporter: no look";
}

TEST(Reconciler, OneTaskOverHttp) {
  Harness h(Transport::kHttp);
  h.Create(OneTask());
  h.Run(absl::Seconds(5));
  h.EndPod(OneTask(), 0, "hello\n");
  h.Run();

  EXPECT_EQ(h.publisher.attempts, 2);
  EXPECT_THAT(Ledgers(h),
              ElementsAre("s?1:1700000000000:holder", "s", "f?1:1700000005000:holder", "f"));
  EXPECT_FALSE(h.IsHeld(OneTask()));
  EXPECT_EQ(h.kube.Count("patch"), 4);
  EXPECT_EQ(h.kube.Count("log"), 1);
}

TEST(Reconciler, FailureHasLogsAndEvents) {
  Harness h(Transport::kJetStream);
  h.Create(OneTask());
  h.EndPod(OneTask(), 3, "cannot open\n");
  h.kube.Put(kube::Events("jobs"),
             {{"metadata", {{"name", "e1"}}},
              {"involvedObject", {{"kind", "Job"}, {"name", JobName(0, 1)}, {"uid", "uid-0-1"}}},
              {"reason", "FailedCreate"},
              {"message", "quota"}});
  h.kube.Put(kube::Events("jobs"),
             {{"metadata", {{"name", "e2"}}},
              {"involvedObject",
               {{"kind", "Pod"}, {"name", JobName(0, 1) + "-x"}, {"uid", "pod-uid-0-1"}}},
              {"reason", "FailedMount"},
              {"message", "no volume"}});
  h.Run();

  const Json data = DataOf(h.publisher.Events("finished").at(0));
  EXPECT_EQ(data["status"], "errored");
  EXPECT_EQ(data["message"],
            "Task 'task1' failed: job jes-3b86cd6bf79642a53842ee86-000-001 failed. Reason: Error, "
            "Message: container main exited with code 3\n\nLogs:\nContainer main of pod "
            "jes-3b86cd6bf79642a53842ee86-000-001-x terminated with an error (Reason: Error, "
            "ExitCode: 3):\ncannot open\n\n\n\nFailedCreate: quota\nFailedMount: no volume\n\n\n");
  EXPECT_EQ(h.kube.Count("log"), 1);
}

// The Job's end may be seen before its pod's: what the container wrote is in the answer all the
// same.
TEST(Reconciler, APodWhoseEndWasNotSeenIsReadBeforeTheAnswer) {
  Harness h(Transport::kJetStream);
  h.Create(OneTask());
  h.EndPod(OneTask(), 0, "hello\n");
  h.HidePods();
  h.SetVerdict(OneTask(), "Complete");
  h.Run();

  ASSERT_THAT(h.publisher.Events("finished"), SizeIs(1));
  EXPECT_THAT(DataOf(h.publisher.Events("finished").at(0))["message"].get<std::string>(),
              HasSubstr("hello"));
  EXPECT_EQ(h.kube.Count("list"), 1);
}

TEST(Reconciler, WithoutAnyPodTheAnswerGoesOutAfterOneLook) {
  Harness h(Transport::kJetStream);
  h.Create(OneTask());
  h.SetVerdict(OneTask(), "Complete");
  h.kube.FailNext("list", absl::UnavailableError("busy"));
  h.Run();

  EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
  EXPECT_EQ(h.kube.Count("list"), 2);
}

TEST(Reconciler, TasksRunOneAfterTheOther) {
  Harness h(Transport::kJetStream);
  const JobView first = Anchor({Entry(0, 1), Entry(0, 2)});
  const JobView second = Member(0, 2);
  h.Create(second);
  h.Create(first);
  h.Run(absl::Seconds(1));
  EXPECT_EQ(h.Job(second)["spec"]["suspend"], true);

  h.EndPod(first, 0, "one\n");
  h.Run(absl::Seconds(1));
  EXPECT_EQ(h.Job(second)["spec"]["suspend"], false);
  EXPECT_EQ(h.Job(second)["metadata"]["annotations"][runs::kPhaseAnnotation], "released");
  EXPECT_TRUE(h.IsHeld(second));

  h.EndPod(second, 0, "two\n");
  h.Run();
  EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
  EXPECT_FALSE(h.IsHeld(first));
  EXPECT_FALSE(h.IsHeld(second));
  EXPECT_EQ(h.kube.Count("patch"), 4) << "started, release, finished, let go of the member";
}

TEST(Reconciler, AFailedTaskRemovesItsSuccessors) {
  Harness h(Transport::kJetStream);
  h.Create(Member(0, 2));
  h.Create(Anchor({Entry(0, 1), Entry(0, 2)}));
  h.EndPod(OneTask(), 1, "");
  h.Run();

  EXPECT_TRUE(h.Job(Member(0, 2)).is_null());
  EXPECT_THAT(DataOf(h.publisher.Events("finished").at(0))["message"].get<std::string>(),
              HasSubstr("Task 'task2' did not run"));
}

TEST(Reconciler, AMemberDeletedByHandIsConfirmedByOneRead) {
  Harness h(Transport::kJetStream);
  h.Create(Anchor({Entry(0, 1), Entry(0, 2)}));
  h.EndPod(OneTask(), 0, "");
  h.Run();

  EXPECT_EQ(h.kube.Count("get"), 1);
  EXPECT_THAT(DataOf(h.publisher.Events("finished").at(0))["message"].get<std::string>(),
              HasSubstr("was deleted"));
}

TEST(Reconciler, AnAnchorDeletedByHandIsAnsweredThenLetGo) {
  Harness h(Transport::kJetStream);
  h.Create(OneTask());
  h.Run(absl::Seconds(1));
  (void)h.kube.Delete(kube::Jobs("jobs"), JobName(0, 1), "", absl::Seconds(1));
  h.Run();

  EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
  EXPECT_TRUE(h.Job(OneTask()).is_null()) << "the finalizer is gone, so the Job is";
}

TEST(Reconciler, ATornOffAnchorIsAnsweredFromItsLastState) {
  for (const Transport transport : {Transport::kJetStream, Transport::kHttp}) {
    Harness h(transport);
    h.Create(OneTask());
    h.Run(absl::Seconds(1));
    h.kube.Remove(kube::Jobs("jobs"), JobName(0, 1));
    h.Run();

    EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
    EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
  }
}

TEST(Reconciler, SilentEventsAreNotAnswered) {
  Harness h(Transport::kJetStream);
  JobView job = WithLedger(OneTask(), "none");
  job.record.manifest[0].silent = true;
  job.record.has_answer_finalizer = false;
  h.Create(job);
  h.EndPod(job, 0, "");
  h.Run();

  EXPECT_EQ(h.publisher.attempts, 0);
  EXPECT_EQ(h.kube.Count("patch"), 0);
  EXPECT_EQ(h.kube.Count("log"), 0);
}

TEST(Reconciler, ASilentRunThatGoesOnKeepsTheAnchor) {
  Harness h(Transport::kJetStream);
  runs::ManifestEntry silent = Entry(1, 1);
  silent.silent = true;
  const JobView anchor = Anchor({Entry(0, 1), silent});
  h.Create(Member(1, 1));
  h.Create(anchor);
  h.EndPod(anchor, 0, "");
  h.Run();
  EXPECT_EQ(h.LedgerOf(anchor), "f:2");
  EXPECT_TRUE(h.IsHeld(anchor));

  h.EndPod(Member(1, 1), 1, "");
  h.Run();
  EXPECT_FALSE(h.IsHeld(anchor));
  EXPECT_FALSE(h.IsHeld(Member(1, 1)));
  EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
}

TEST(Reconciler, ASinkThatIsAwayDoesNotHoldUpTheTasks) {
  Harness h(Transport::kHttp);
  h.publisher.failures = std::vector<absl::Status>(50, absl::UnavailableError("away"));
  h.Create(Member(0, 2));
  h.Create(Anchor({Entry(0, 1), Entry(0, 2)}));
  h.Run(absl::Seconds(60));
  h.EndPod(OneTask(), 0, "");
  h.Run(absl::Seconds(1));
  EXPECT_EQ(h.Job(Member(0, 2))["spec"]["suspend"], false);
}

TEST(Reconciler, ALostAnswerOfAPatchIsReadAgain) {
  Harness h(Transport::kJetStream);
  h.Create(OneTask());
  h.kube.LoseAnswerOfNext("patch", absl::UnavailableError("cut"));
  h.Run(absl::Seconds(10));
  EXPECT_EQ(h.LedgerOf(OneTask()), "s:1");
  EXPECT_EQ(h.publisher.attempts, 1);
}

TEST(Reconciler, JetStreamRepeatsWithTheSameIdInsideTheWindow) {
  Harness h(Transport::kJetStream);
  h.publisher.failures = {absl::DeadlineExceededError("no reply"), absl::UnavailableError("cut")};
  h.publisher.lands = true;
  h.Create(OneTask());
  h.Run(absl::Seconds(20));
  EXPECT_EQ(h.publisher.attempts, 3);
  EXPECT_EQ(h.publisher.looks, 0);
  EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
  EXPECT_EQ(h.LedgerOf(OneTask()), "s:1");
}

TEST(Reconciler, JetStreamLooksWhenTheWindowMayBeOver) {
  Harness h(Transport::kJetStream);
  h.publisher.failures = std::vector<absl::Status>(15, absl::DeadlineExceededError("no reply"));
  h.publisher.lands = true;
  h.Create(OneTask());
  h.Run(absl::Minutes(15));
  EXPECT_GE(h.publisher.looks, 1);
  EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
  EXPECT_EQ(h.LedgerOf(OneTask()), "s:1");
}

absl::Status NotSentError() {
  absl::Status status = absl::UnavailableError("refused");
  SetReason(status, kNotSent);
  return status;
}

TEST(Reconciler, HttpRepeatsUnderTheSameIntentWhenNothingWasDelivered) {
  Harness h(Transport::kHttp);
  h.publisher.failures = {NotSentError(), NotSentError()};
  h.Create(OneTask());
  h.Run(absl::Seconds(30));
  EXPECT_THAT(Ledgers(h), ElementsAre("s?1:1700000000000:holder", "s"));
}

TEST(Reconciler, HttpRepeatsUnderANewIntentWhenTheFirstIsSettled) {
  Harness h(Transport::kHttp);
  h.publisher.failures = {absl::DeadlineExceededError("no answer")};
  h.Create(OneTask());
  h.Run(absl::Seconds(44));
  EXPECT_EQ(h.publisher.attempts, 1);
  h.Run(absl::Seconds(30));
  EXPECT_THAT(Ledgers(h), ElementsAre("s?1:1700000000000:holder", "s?2:1700000045000:holder", "s"));
}

TEST(Reconciler, RetryAfterIsRespected) {
  Harness h(Transport::kHttp);
  absl::Status busy = NotSentError();
  SetRetryAfter(busy, absl::Seconds(30));
  h.publisher.failures = {busy};
  h.Create(OneTask());
  h.Run(absl::Seconds(29));
  EXPECT_EQ(h.publisher.attempts, 1);
  h.Run(absl::Seconds(5));
  EXPECT_EQ(h.publisher.attempts, 2);
}

// Death at any call, with the call landed or not; a successor finishes the work.
class Deaths : public ::testing::TestWithParam<bool> {
 protected:
  // One event with two tasks, from its anchor to its end.
  void Live(Harness& h) {
    const JobView first = Anchor({Entry(0, 1), Entry(0, 2)});
    if (h.Job(first).is_null()) {
      h.Create(Member(0, 2));
      h.Create(first);
    }
    h.Run(absl::Seconds(2));
    h.EndPod(first, 0, "one");
    h.Run(absl::Seconds(2));
    if (h.fuse.burnt()) return;
    h.EndPod(Member(0, 2), 0, "two");
    h.Run();
  }

  void CheckEnd(const Harness& h) {
    const JobView first = Anchor({Entry(0, 1), Entry(0, 2)});
    EXPECT_THAT(h.LedgerOf(first), HasSubstr("f"));
    EXPECT_FALSE(h.IsHeld(first));
    EXPECT_FALSE(h.IsHeld(Member(0, 2)));
    EXPECT_EQ(h.Job(Member(0, 2))["spec"]["suspend"], false);
    EXPECT_EQ(DataOf(h.publisher.Events("finished").back())["result"], "pass");
  }
};

TEST_P(Deaths, JetStreamStoresEachAnswerOnce) {
  for (int calls = 1;; ++calls) {
    SCOPED_TRACE(absl::StrCat("died at call ", calls));
    Harness h(Transport::kJetStream);
    h.fuse.Light(calls, GetParam());
    Live(h);
    const bool died = h.fuse.burnt();
    // Longer than the duplicate window: only the look prevents a second answer.
    h.clock.Advance(absl::Minutes(5));
    h.StartReporter();
    Live(h);

    EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
    EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
    CheckEnd(h);
    if (!died) {
      EXPECT_GE(calls, 9) << "started, mark, release, 2 logs, finished, mark, let go";
      break;
    }
  }
}

TEST_P(Deaths, HttpSendsNoOtherId) {
  for (int calls = 1;; ++calls) {
    SCOPED_TRACE(absl::StrCat("died at call ", calls));
    Harness h(Transport::kHttp);
    h.fuse.Light(calls, GetParam());
    Live(h);
    const bool died = h.fuse.burnt();
    h.StartReporter();
    Live(h);

    for (const std::string kind : {"started", "finished"}) {
      const std::vector<cloudevents::Event> events = h.publisher.Events(kind);
      EXPECT_GE(events.size(), 1u);
      EXPECT_LE(events.size(), 2u);
      for (const cloudevents::Event& event : events) EXPECT_EQ(event.id(), events[0].id());
    }
    CheckEnd(h);
    if (!died) {
      EXPECT_THAT(h.publisher.stored, SizeIs(2));
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Reconciler, Deaths, ::testing::Values(false, true),
                         [](const auto& test) { return test.param ? "AnswerLost" : "CallLost"; });

TEST(Reconciler, WhatSomebodyElseAnsweredIsNotAnsweredAgain) {
  Harness h(Transport::kJetStream);
  h.Create(OneTask());
  h.Run(absl::Seconds(1));
  Json job = h.Job(OneTask());
  job["metadata"]["annotations"][runs::kLedgerAnnotation] = "f:9";
  h.kube.Put(kube::Jobs("jobs"), job);
  h.EndPod(OneTask(), 0, "");
  h.Run();
  EXPECT_THAT(h.publisher.Events("finished"), SizeIs(0));
  EXPECT_FALSE(h.IsHeld(OneTask()));
}

}  // namespace
}  // namespace jobexec::reporter
