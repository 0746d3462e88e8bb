#include "reporter/run_state.h"

#include <gmock/gmock.h>

#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder

std::vector<TaskState> States(const RunStatus& run) {
  std::vector<TaskState> states;
  for (const TaskStatus& task : run.tasks) states.push_back(task.state);
  return states;
}

JobView OneTask() { return Anchor({Entry(0, 1)}); }

PodView WithInit(PodView pod, int exit_code) {
  ContainerView init{.name = "init", .init = true, .state = ContainerView::State::kTerminated};
  init.exit_code = exit_code;
  init.reason = exit_code == 0 ? "Completed" : "Error";
  init.finish_time = At(5);
  pod.containers.insert(pod.containers.begin(), init);
  return pod;
}

// The init container failed; the task's own never started.
PodView FailedInit(const PodView& pod, std::string message) {
  PodView failed = WithInit(pod, 1);
  failed.phase = PodView::Phase::kFailed;
  failed.containers[0].message = std::move(message);
  failed.containers[1].state = ContainerView::State::kWaiting;
  failed.containers[1].reason = "PodInitializing";
  return failed;
}

PodView Removed(PodView pod) {
  pod.deleting = true;
  return pod;
}

PodView Disrupted(PodView pod) {
  pod.disrupted = true;
  return pod;
}

JobView WithRetries(JobView job) {
  job.one_pod = false;
  return job;
}

PodView Second(PodView pod) {
  pod.uid += "-2";
  pod.name += "-2";
  pod.create_time = At(2);
  return pod;
}

// One task: which evidence decides, and which does not.
struct OutcomeCase {
  const char* name;
  JobView job;
  std::vector<PodView> pods;
  TaskState state;
  Cause cause = Cause::kNone;
  const char* message = "";
};

std::vector<OutcomeCase> OutcomeCases() {
  const JobView job = OneTask();
  const PodView pod = Pod(job);
  JobView limited = job;
  limited.deadline = absl::Seconds(60);
  PodView evicted = pod;
  evicted.phase = PodView::Phase::kFailed;
  evicted.reason = "Evicted";
  evicted.message = "node was low on memory";
  PodView killed = Ended(evicted, 137);
  PodView foreign = Ended(pod, 1);
  foreign.owner_uid = "somebody else";
  return {
      {"nothing yet", job, {}, TaskState::kRunning},
      {"pod runs", job, {pod}, TaskState::kRunning},
      // b: the Job's own verdict, FailureTarget before Failed.
      {"job complete", Passed(job), {}, TaskState::kPassed},
      {"job failed",
       Failed(job),
       {},
       TaskState::kFailed,
       Cause::kFailed,
       "failed. Reason: BackoffLimitExceeded, Message: Job has reached the specified backoff "
       "limit"},
      {"job failed, pod tells more",
       Failed(job),
       {Removed(Ended(pod, 3))},
       TaskState::kFailed,
       Cause::kFailed,
       "(Reason: Error, Message: container main exited with code 3)"},
      {"every attempt failed: the last one tells more",
       Failed(WithRetries(job)),
       {Ended(pod, 3), Second(Ended(pod, 4))},
       TaskState::kFailed,
       Cause::kFailed,
       "-x-2: Reason: Error, Message: container main exited with code 4)"},
      {"deadline",
       Failed(limited, "DeadlineExceeded"),
       {Removed(pod)},
       TaskState::kFailed,
       Cause::kDeadline,
       "job deadline exceeded (limit 1m)"},
      {"job's verdict comes before the pod's", Passed(job), {Ended(pod, 1)}, TaskState::kPassed},
      // c: the only pod of a Job without retries.
      {"pod succeeded", job, {Ended(pod, 0)}, TaskState::kPassed},
      {"pod failed",
       job,
       {Ended(pod, 7)},
       TaskState::kFailed,
       Cause::kFailed,
       "failed. Reason: Error, Message: container main exited with code 7"},
      {"init container passed", job, {WithInit(Ended(pod, 0), 0)}, TaskState::kPassed},
      {"init container failed: its last line says why",
       job,
       {FailedInit(pod, "{\"level\":\"info\"}\njobexec-init: file \"x\" is on no level\n")},
       TaskState::kFailed,
       Cause::kFailed,
       "container init exited with code 1: jobexec-init: file \"x\" is on no level"},
      {"init container failed without a word",
       job,
       {FailedInit(pod, "")},
       TaskState::kFailed,
       Cause::kFailed,
       "container init exited with code 1"},
      {"pod evicted",
       job,
       {evicted},
       TaskState::kFailed,
       Cause::kFailed,
       "Reason: Evicted, Message: node was low on memory"},
      {"pod evicted while it ran",
       job,
       {killed},
       TaskState::kFailed,
       Cause::kFailed,
       "Reason: Evicted, Message: node was low on memory"},
      {"pod of another job", job, {foreign}, TaskState::kRunning},
      {"pod is being deleted", job, {Removed(Ended(pod, 0))}, TaskState::kRunning},
      {"pod was disrupted", job, {Disrupted(Ended(pod, 1))}, TaskState::kRunning},
      {"two pods", job, {Ended(pod, 0), Second(Ended(pod, 1))}, TaskState::kRunning},
      {"job may retry", WithRetries(job), {Ended(pod, 1)}, TaskState::kRunning},
      // a and d: deleted by hand.
      {"gone", Gone(job), {}, TaskState::kFailed, Cause::kDeleted, "was deleted"},
      {"gone after its end", Gone(Passed(job)), {}, TaskState::kPassed},
      {"gone after its pod's end", Gone(job), {Ended(pod, 0)}, TaskState::kPassed},
      {"deleted while running",
       Deleting(job, 60),
       {pod},
       TaskState::kFailed,
       Cause::kDeleted,
       "was deleted"},
      {"deleted before any pod",
       Deleting(job, 60),
       {},
       TaskState::kFailed,
       Cause::kDeleted,
       "was deleted"},
      {"deleted, container ended before",
       Deleting(job, 60),
       {Removed(Ended(pod, 0, 50))},
       TaskState::kPassed},
      {"deleted, container failed before",
       Deleting(job, 60),
       {Removed(Ended(pod, 2, 50))},
       TaskState::kFailed,
       Cause::kFailed,
       "exited with code 2"},
      {"deleted, container ended after",
       Deleting(job, 60),
       {Removed(Ended(pod, 0, 61))},
       TaskState::kFailed,
       Cause::kDeleted,
       "was deleted"},
      {"deleted, only the init container ended",
       Deleting(job, 60),
       {Removed(WithInit(pod, 0))},
       TaskState::kFailed,
       Cause::kDeleted,
       "was deleted"},
      {"deleted, but the pod had ended",
       Deleting(job, 60),
       {Ended(pod, 0, 61)},
       TaskState::kPassed},
      // e: stopped by us; a verdict that came first stands.
      {"stopped",
       Stopped(job, "cancelled by ann"),
       {pod},
       TaskState::kFailed,
       Cause::kStopped,
       "was stopped: cancelled by ann"},
      {"stopped and ended by its deadline",
       Failed(Stopped(job, "cancelled"), "DeadlineExceeded"),
       {},
       TaskState::kFailed,
       Cause::kStopped,
       "was stopped: cancelled"},
      {"stopped too late", Passed(Stopped(job, "cancelled")), {}, TaskState::kPassed},
      {"stopped after its pod's end",
       Stopped(job, "cancelled"),
       {Ended(pod, 0)},
       TaskState::kPassed},
  };
}

TEST(RunState, OutcomeOfOneTask) {
  for (const OutcomeCase& test : OutcomeCases()) {
    SCOPED_TRACE(test.name);

    const EventState state = Fold(Snapshot({test.job}, test.pods));

    ASSERT_THAT(state.runs, SizeIs(1));
    ASSERT_THAT(state.runs[0].tasks, SizeIs(1));
    const TaskStatus& task = state.runs[0].tasks[0];
    EXPECT_EQ(task.state, test.state);
    EXPECT_EQ(task.cause, test.cause);
    EXPECT_THAT(task.message, HasSubstr(test.message));
  }
}

// Three tasks in order.
struct ChainCase {
  const char* name;
  std::vector<JobView> jobs;  // the anchor first
  std::vector<TaskState> tasks;
  RunState run;
  bool warned = false;
};

std::vector<ChainCase> ChainCases() {
  using S = TaskState;
  const JobView first = Anchor({Entry(0, 1), Entry(0, 2), Entry(0, 3)});
  const JobView second = Member(0, 2);
  const JobView third = Member(0, 3);
  JobView warning = first;
  warning.record.manifest[0].warn_on_error = true;
  return {
      {"first runs",
       {first, second, third},
       {S::kRunning, S::kPlanned, S::kPlanned},
       RunState::kRunning},
      {"first passed",
       {Passed(first), second, third},
       {S::kPassed, S::kPlanned, S::kPlanned},
       RunState::kRunning},
      {"second runs",
       {Passed(first), Released(second), third},
       {S::kPassed, S::kRunning, S::kPlanned},
       RunState::kRunning},
      {"all passed",
       {Passed(first), Passed(Released(second)), Passed(Released(third))},
       {S::kPassed, S::kPassed, S::kPassed},
       RunState::kPassed},
      {"second failed",
       {Passed(first), Failed(Released(second)), third},
       {S::kPassed, S::kFailed, S::kSkipped},
       RunState::kFailed},
      {"second failed, third already removed",
       {Passed(first), Failed(Released(second))},
       {S::kPassed, S::kFailed, S::kSkipped},
       RunState::kFailed},
      {"second was not seen",
       {Passed(first), third},
       {S::kPassed, S::kUnseen, S::kPlanned},
       RunState::kRunning},
      {"third was not seen, its turn is far",
       {first, second},
       {S::kRunning, S::kPlanned, S::kPlanned},
       RunState::kRunning},
      {"second deleted before its turn",
       {Passed(first), Gone(second), third},
       {S::kPassed, S::kFailed, S::kSkipped},
       RunState::kFailed},
      {"a released task proves its predecessors, whatever the controller says later",
       {Failed(first, "DeadlineExceeded"), Released(second), third},
       {S::kPassed, S::kRunning, S::kPlanned},
       RunState::kRunning},
      {"a released task proves them also when they are gone",
       {Gone(first), Gone(Released(second)), Released(third)},
       {S::kPassed, S::kPassed, S::kRunning},
       RunState::kRunning},
      {"onError warn: the next task's turn comes",
       {Failed(warning), second, third},
       {S::kFailed, S::kPlanned, S::kPlanned},
       RunState::kRunning,
       true},
      {"onError warn: the run passes",
       {Failed(warning), Passed(Released(second)), Passed(Released(third))},
       {S::kFailed, S::kPassed, S::kPassed},
       RunState::kPassed,
       true},
      {"onError warn does not excuse that the task was stopped",
       {Stopped(warning, "cancelled"), second, third},
       {S::kFailed, S::kSkipped, S::kSkipped},
       RunState::kFailed},
      {"onError warn does not excuse another task",
       {Failed(warning), Failed(Released(second)), third},
       {S::kFailed, S::kFailed, S::kSkipped},
       RunState::kFailed,
       true},
  };
}

TEST(RunState, TasksInOrder) {
  for (const ChainCase& test : ChainCases()) {
    SCOPED_TRACE(test.name);

    const EventState state = Fold(Snapshot(test.jobs));

    ASSERT_THAT(state.runs, SizeIs(1));
    EXPECT_EQ(States(state.runs[0]), test.tasks);
    EXPECT_EQ(state.runs[0].state, test.run);
    EXPECT_EQ(state.runs[0].warned, test.warned);
  }
}

TEST(RunState, ActionsSideBySide) {
  runs::ManifestEntry silent = Entry(1, 1);
  silent.silent = true;
  const EventState state =
      Fold(Snapshot({Failed(Anchor({Entry(0, 1), silent})), Released(Member(1, 1))}));

  ASSERT_THAT(state.runs, SizeIs(2));
  EXPECT_EQ(state.runs[0].state, RunState::kFailed);
  EXPECT_FALSE(state.runs[0].silent);
  EXPECT_EQ(state.runs[1].state, RunState::kRunning);
  EXPECT_TRUE(state.runs[1].silent);
  EXPECT_EQ(state.runs[1].action_name, "action1");
}

TEST(RunState, ActionsThatRunNothing) {
  const runs::ManifestEntry refused{.action = 0, .action_name = "bad", .refusal = "image"};
  const runs::ManifestEntry empty{.action = 1, .action_name = "empty"};
  JobView record = Anchor({refused, empty});
  record.record.role = runs::Role::kRecord;

  const EventState state = Fold(Snapshot({record}));

  ASSERT_THAT(state.runs, SizeIs(2));
  EXPECT_EQ(state.runs[0].state, RunState::kFailed);
  EXPECT_EQ(state.runs[0].refusal, "image");
  EXPECT_EQ(state.runs[1].state, RunState::kPassed);
  EXPECT_THAT(state.runs[1].tasks, IsEmpty());
}

TEST(RunState, MembersOfAnotherPlanAreStrays) {
  JobView other = Member(0, 2);
  other.record.name = runs::MemberName(kHash, 0, 2, "ffffffff");
  other.record.uid = "other";

  const EventState state = Fold(Snapshot({Anchor({Entry(0, 1)}), other}));

  ASSERT_THAT(state.strays, SizeIs(1));
  EXPECT_EQ(state.strays[0]->record.uid, "other");
}

TEST(RunState, WithoutAnchorEveryMemberIsAStray) {
  const EventState state = Fold(Snapshot({Member(0, 2), Gone(Member(0, 3))}));

  EXPECT_EQ(state.anchor, nullptr);
  EXPECT_THAT(state.strays, SizeIs(1));
}

// A late submission may create a deleted member again. The one that ran decides.
TEST(RunState, AReplacementOfAReleasedJobIsAStray) {
  JobView replacement = Member(0, 2);
  replacement.record.uid = "replacement";
  const JobView first = Passed(Anchor({Entry(0, 1), Entry(0, 2)}));

  const EventState ran = Fold(Snapshot({first, Gone(Released(Member(0, 2))), replacement}));
  const EventState did_not = Fold(Snapshot({first, Gone(Member(0, 2)), replacement}));

  EXPECT_EQ(States(ran.runs[0]).back(), TaskState::kFailed);
  EXPECT_THAT(ran.strays, SizeIs(1));
  EXPECT_EQ(States(did_not.runs[0]).back(), TaskState::kPlanned);
  EXPECT_THAT(did_not.strays, IsEmpty());
}

TEST(RunState, AttemptsAreOldestFirst) {
  const JobView job = WithRetries(OneTask());
  const EventState state = Fold(Snapshot({job}, {Second(Pod(job)), Pod(job)}));

  ASSERT_THAT(state.runs[0].tasks[0].pods, SizeIs(2));
  EXPECT_EQ(state.runs[0].tasks[0].pods[0]->create_time, At(1));
}

}  // namespace
}  // namespace jobexec::reporter
