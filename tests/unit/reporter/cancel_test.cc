// What becomes of an event that somebody cancels.
#include <gmock/gmock.h>

#include "reporter/next_actions.h"
#include "reporter/patches.h"
#include "reporter/run_messages.h"
#include "tests/unit/reporter/harness.h"

namespace jobexec::reporter {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder

// The anchor with a mark for one action, or for all (-1).
JobView Cancelled(JobView anchor, int action = -1) {
  anchor.record.cancels = {{.by = "alice", .why = "wrong build", .action = action}};
  return anchor;
}

JobView HeldByQueue(JobView view) {
  view.suspended = true;
  return view;
}

std::vector<std::string> Describe(const Decision& decision) {
  std::vector<std::string> words;
  for (const Action& action : decision.actions) {
    const std::string job = action.job == nullptr ? action.name : action.job->record.uid;
    switch (action.kind) {
      case Action::Kind::kConfirm:
        words.push_back("confirm " + job);
        break;
      case Action::Kind::kRelease:
        words.push_back("release " + job);
        break;
      case Action::Kind::kStop:
        words.push_back("stop " + job);
        break;
      case Action::Kind::kDelete:
        words.push_back("delete " + job);
        break;
      case Action::Kind::kLetGo:
        words.push_back("let go " + job);
        break;
      case Action::Kind::kSayStarted:
        words.push_back("started");
        break;
      case Action::Kind::kSayFinished:
        words.push_back("finished");
        break;
    }
  }
  return words;
}

struct Case {
  const char* name;
  std::vector<JobView> jobs;
  std::vector<std::string> actions;
};

TEST(Cancel, StopsWhatRunsAndRemovesWhatWaits) {
  const JobView plain = WithLedger(Anchor({Entry(0, 1), Entry(0, 2), Entry(1, 1)}), "s:5");
  const JobView all = Cancelled(plain);
  const JobView second_only = Cancelled(plain, 1);
  const JobView next = Member(0, 2);
  const JobView other = Released(Member(1, 1));
  const std::vector<Case> cases = {
      {"everything", {all, next, other}, {"stop uid-0-1", "delete uid-0-2", "stop uid-1-1"}},
      {"one run", {second_only, next, other}, {"stop uid-1-1"}},
      {"first passed: the next one never begins",
       {Passed(all), next, Passed(other)},
       {"delete uid-0-2"}},
      {"not seen: it may be there", {Passed(all), Passed(other)}, {"confirm " + JobName(0, 2)}},
      {"stopped: the run is decided",
       {Stopped(all, "cancelled"), next, Stopped(other, "cancelled")},
       {"delete uid-0-2", "finished"}},
      {"the next one is gone", {Passed(all), Gone(next), Passed(other)}, {"finished"}},
      {"all had ended", {Passed(all), Passed(Released(next)), Passed(other)}, {"finished"}},
      {"nothing said yet",
       {WithLedger(all, "-"), next, other},
       {"stop uid-0-1", "delete uid-0-2", "stop uid-1-1", "started"}},
      {"no answer owed",
       {WithLedger(all, "none"), next, other},
       {"stop uid-0-1", "delete uid-0-2", "stop uid-1-1"}},
      {"answered: what is left is nobody's",
       {Stopped(WithLedger(all, "f:9"), "cancelled"), Stopped(other, "cancelled")},
       {"let go uid-1-1", "let go uid-0-1"}},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(Describe(NextActions(Fold(Snapshot(test.jobs)), false, At(120))), test.actions)
        << test.name;
  }
}

TEST(Cancel, SaysWhoAndWhy) {
  const JobView anchor = Cancelled(Anchor({Entry(0, 1), Entry(0, 2)}));
  const EventState state = Fold(Snapshot({Passed(anchor), Gone(Member(0, 2))}));

  const TaskStatus& second = state.runs[0].tasks[1];
  EXPECT_EQ(second.cause, Cause::kStopped);
  EXPECT_EQ(second.message,
            "job " + JobName(0, 2) + " was removed: cancelled by alice: wrong build");
  EXPECT_EQ(RunMessages(state)[0].cancelled(), "cancelled by alice: wrong build");
}

TEST(Cancel, AReleasedTaskThatSomebodyDeletedIsNotSaidToBeCancelled) {
  const JobView anchor = Cancelled(Anchor({Entry(0, 1), Entry(0, 2)}));
  const EventState state = Fold(Snapshot({Passed(anchor), Gone(Released(Member(0, 2)))}));
  EXPECT_EQ(state.runs[0].tasks[1].cause, Cause::kDeleted);
}

TEST(Cancel, AStoppedTaskThatIsDeletedStaysStopped) {
  const JobView job = Stopped(Anchor({Entry(0, 1)}), "cancelled by alice");
  for (const JobView& view : {Gone(job), Deleting(job, 60)}) {
    const TaskStatus task = Fold(Snapshot({view})).runs[0].tasks[0];
    EXPECT_EQ(task.cause, Cause::kStopped);
    EXPECT_THAT(task.message, HasSubstr("cancelled by alice"));
  }
}

TEST(Cancel, AJobThatItsQueueHeldIsRemovedInTheEnd) {
  JobView job = Stopped(HeldByQueue(WithLedger(Anchor({Entry(0, 1)}), "f:9")), "cancelled");
  job.record.delete_after = At(900);
  EXPECT_THAT(Describe(NextActions(Fold(Snapshot({job})), false, At(1000))),
              ElementsAre("let go uid-0-1"))
      << "never before its answer";

  job.record.has_answer_finalizer = false;
  const Decision early = NextActions(Fold(Snapshot({job})), false, At(899));
  EXPECT_THAT(Describe(early), IsEmpty());
  EXPECT_EQ(early.look_again, At(900));
  EXPECT_THAT(Describe(NextActions(Fold(Snapshot({job})), false, At(900))),
              ElementsAre("delete uid-0-1"));
}

TEST(Cancel, PatchStops) {
  EXPECT_EQ(StopPatch(Released(Member(0, 2)), "cancelled by alice", At(0)), Json::parse(R"([
    {"op": "test", "path": "/metadata/uid", "value": "uid-0-2"},
    {"op": "test", "path": "/metadata/annotations/jobexec.dev~1phase", "value": "released"},
    {"op": "replace", "path": "/metadata/annotations/jobexec.dev~1phase", "value": "stopped"},
    {"op": "add", "path": "/metadata/annotations/jobexec.dev~1why",
     "value": "cancelled by alice"},
    {"op": "add", "path": "/spec/activeDeadlineSeconds", "value": 1}])"));
}

TEST(Cancel, PatchKeepsAQueueFromStartingAStoppedJob) {
  const JobView job = HeldByQueue(Released(Member(0, 2)));
  const Json patch = StopPatch(job, "x", At(0));
  EXPECT_EQ(patch[5], Json::parse(R"({"op": "add", "path": "/spec/parallelism", "value": 0})"));
  EXPECT_EQ(patch[6], Json::parse(R"({"op": "add",
      "path": "/metadata/annotations/jobexec.dev~1delete-after", "value": "2023-11-14T22:28:20+00:00"})"));

  const Json let_go = LetGoPatch(Stopped(job, "x"), 60, At(0));
  EXPECT_EQ(let_go.back()["value"], "2023-11-14T22:14:20+00:00");
  EXPECT_EQ(LetGoPatch(job, 60, At(0)).size(), 4u) << "released, its queue may still admit it";
}

// -- The same with a cluster. --

class CancelledEvent {
 public:
  explicit CancelledEvent(Harness& harness, const JobView& anchor) : h_(harness), anchor_(anchor) {}

  // What CancelRuns does.
  void Cancel(int action = -1) {
    Json job = h_.Job(anchor_);
    job["metadata"]["annotations"][runs::kCancelAnnotation] =
        runs::FormatCancels({{.by = "alice", .why = "wrong build", .action = action}});
    h_.kube.Put(kube::Jobs("jobs"), job);
  }

  // What the Job controller does to a Job with a deadline of one second.
  void Kill(const JobView& view) {
    Json job = h_.Job(view);
    if (job.is_null() || job["spec"].value("activeDeadlineSeconds", 0) != 1) return;
    job["status"]["conditions"] = {
        {{"type", "Failed"}, {"status", "True"}, {"reason", "DeadlineExceeded"}}};
    h_.kube.Put(kube::Jobs("jobs"), job);
    h_.kube.Remove(kube::Pods("jobs"), view.record.name + "-x");
  }

 private:
  Harness& h_;
  const JobView anchor_;
};

// A pod whose container runs.
void StartPod(Harness& h, const JobView& view, const std::string& log) {
  h.EndPod(view, 0, log);
  Json pod = h.kube.Find(kube::Pods("jobs"), view.record.name + "-x");
  pod["status"] = {
      {"phase", "Running"},
      {"containerStatuses", {{{"name", "main"}, {"state", {{"running", Json::object()}}}}}}};
  h.kube.Put(kube::Pods("jobs"), pod);
}

std::string Message(const Harness& h) {
  return Json::parse(h.publisher.Events("finished").at(0).text_data())["message"];
}

TEST(CancelReconciler, StopsARunningTaskAndAnswersOnce) {
  Harness h(Transport::kJetStream);
  const JobView first = Anchor({Entry(0, 1), Entry(0, 2)});
  CancelledEvent event(h, first);
  h.Create(Member(0, 2));
  h.Create(first);
  StartPod(h, first, "half done\n");
  h.Run(absl::Seconds(2));

  event.Cancel();
  h.Run(absl::Seconds(2));
  event.Kill(first);
  h.Run();

  const Json job = h.Job(first);
  EXPECT_EQ(job["spec"]["activeDeadlineSeconds"], 1);
  EXPECT_EQ(job["metadata"]["annotations"][runs::kPhaseAnnotation], "stopped");
  EXPECT_EQ(job["metadata"]["annotations"][runs::kWhyAnnotation],
            "cancelled by alice: wrong build");
  EXPECT_TRUE(h.Job(Member(0, 2)).is_null());
  ASSERT_THAT(h.publisher.Events("finished"), SizeIs(1));
  const Json data = Json::parse(h.publisher.Events("finished")[0].text_data());
  EXPECT_EQ(data["status"], "errored");
  EXPECT_EQ(data["result"], "fail");
  EXPECT_THAT(Message(h), AllOf(HasSubstr("cancelled by alice: wrong build"),
                                HasSubstr("half done"), HasSubstr("Task 'task2' did not run")));
  EXPECT_FALSE(h.IsHeld(first));
  EXPECT_EQ(h.LedgerOf(first), "f:2");
}

TEST(CancelReconciler, ATaskThatHasEndedKeepsItsOutcome) {
  Harness h(Transport::kJetStream);
  const JobView job = Anchor({Entry(0, 1)});
  h.Create(job);
  h.EndPod(job, 0, "done\n");
  CancelledEvent(h, job).Cancel();
  h.Run();

  ASSERT_THAT(h.publisher.Events("finished"), SizeIs(1));
  EXPECT_THAT(Message(h), HasSubstr("finished successfully"));
  EXPECT_EQ(h.Job(job)["metadata"]["annotations"][runs::kPhaseAnnotation], "released");
}

TEST(CancelReconciler, ACancelAfterTheAnswerChangesNothing) {
  Harness h(Transport::kJetStream);
  const JobView job = Anchor({Entry(0, 1)});
  h.Create(job);
  h.EndPod(job, 0, "done\n");
  h.Run();
  h.kube.ForgetCalls();

  CancelledEvent(h, job).Cancel();
  h.Run();

  EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
  EXPECT_THAT(h.kube.Calls(), IsEmpty());
}

TEST(CancelReconciler, OneRunOfTwoGoesOn) {
  Harness h(Transport::kJetStream);
  const JobView first = Anchor({Entry(0, 1), Entry(1, 1)});
  h.Create(Member(1, 1));
  h.Create(first);
  StartPod(h, first, "");
  StartPod(h, Member(1, 1), "");
  h.Run(absl::Seconds(2));

  CancelledEvent(h, first).Cancel(1);
  h.Run(absl::Seconds(2));
  EXPECT_EQ(h.Job(Member(1, 1))["metadata"]["annotations"][runs::kPhaseAnnotation], "stopped");
  EXPECT_EQ(h.Job(first)["metadata"]["annotations"][runs::kPhaseAnnotation], "released");
  EXPECT_THAT(h.publisher.Events("finished"), IsEmpty());

  h.EndPod(first, 0, "");
  h.Run();
  EXPECT_THAT(Message(h), AllOf(HasSubstr("Task 'task1' finished successfully"),
                                HasSubstr("cancelled by alice")));
}

TEST(CancelReconciler, ATaskWithoutAnswersIsStoppedToo) {
  Harness h(Transport::kJetStream);
  JobView job = WithLedger(Anchor({Entry(0, 1)}), "none");
  job.record.has_answer_finalizer = false;
  CancelledEvent event(h, job);
  h.Create(job);
  StartPod(h, job, "last words\n");
  h.Run(absl::Seconds(1));
  event.Cancel();
  h.Run(absl::Seconds(1));
  event.Kill(job);
  h.Run();

  EXPECT_EQ(h.Job(job)["spec"]["activeDeadlineSeconds"], 1);
  EXPECT_EQ(h.publisher.attempts, 0);
  EXPECT_EQ(h.kube.Count("patch"), 1);
  EXPECT_EQ(h.kube.Count("log"), 1);
  EXPECT_THAT(h.ArchivedLog(job), HasSubstr("last words"));
}

TEST(CancelReconciler, NothingIsAnsweredBeforeTheStopIsStored) {
  Harness h(Transport::kJetStream);
  const JobView job = Anchor({Entry(0, 1)});
  h.Create(job);
  StartPod(h, job, "");
  h.Run(absl::Seconds(2));
  h.kube.FailNext("patch", absl::UnavailableError("down"), 3);
  CancelledEvent(h, job).Cancel();

  h.Run(absl::Seconds(1));
  EXPECT_THAT(h.publisher.Events("finished"), IsEmpty());
  h.Run();
  EXPECT_THAT(h.publisher.Events("finished"), SizeIs(1));
}

// Death at any call after a cancel; a successor comes to the same end.
class CancelDeaths : public ::testing::TestWithParam<bool> {
 protected:
  void Live(Harness& h, CancelledEvent& event, const JobView& first) {
    h.Run(absl::Seconds(2));
    event.Kill(first);
    h.Run();
  }
};

TEST_P(CancelDeaths, OneAnswerAndNothingRuns) {
  const JobView first = Anchor({Entry(0, 1), Entry(0, 2)});
  for (int calls = 1;; ++calls) {
    SCOPED_TRACE(absl::StrCat("died at call ", calls));
    Harness h(Transport::kJetStream);
    CancelledEvent event(h, first);
    h.Create(Member(0, 2));
    h.Create(first);
    StartPod(h, first, "half done\n");
    event.Cancel();
    h.fuse.Light(calls, GetParam());
    Live(h, event, first);
    const bool died = h.fuse.burnt();
    h.clock.Advance(absl::Minutes(5));
    h.StartReporter();
    Live(h, event, first);

    EXPECT_THAT(h.publisher.Events("started"), SizeIs(1));
    ASSERT_THAT(h.publisher.Events("finished"), SizeIs(1));
    EXPECT_THAT(Message(h), HasSubstr("cancelled by alice: wrong build"));
    EXPECT_TRUE(h.Job(Member(0, 2)).is_null());
    EXPECT_EQ(h.Job(first)["metadata"]["annotations"][runs::kPhaseAnnotation], "stopped");
    EXPECT_FALSE(h.IsHeld(first));
    if (!died) {
      EXPECT_GE(calls, 7) << "log, events, stop, delete, started, finished, mark";
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(CancelReconciler, CancelDeaths, ::testing::Values(false, true),
                         [](const auto& test) { return test.param ? "AnswerLost" : "CallLost"; });

}  // namespace
}  // namespace jobexec::reporter
