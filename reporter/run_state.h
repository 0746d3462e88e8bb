// From the Jobs and pods of one event, as etcd has them, to what became of its tasks and runs.
// Pure: whoever folds the same objects gets the same answer, today or after a restart.
#pragma once

#include <string>
#include <vector>

#include "reporter/job_view.h"

namespace jobexec::reporter {

// Everything that is known of one event.
struct EventSnapshot {
  std::string hash;
  // The anchor was there before this process began to act: a predecessor may have answered.
  bool inherited = false;
  std::vector<JobPtr> jobs;
  std::vector<PodPtr> pods;
};

enum class TaskState {
  kUnseen,   // its turn has come, but its Job is not known: it may be deleted, or not yet seen
  kPlanned,  // waits for its turn
  kRunning,
  kPassed,
  kFailed,
  kSkipped,  // an earlier task failed
};

// Why a task failed.
enum class Cause {
  kNone,
  kFailed,    // its container or its Job failed
  kDeadline,  // Kubernetes ended it after its time
  kDeleted,   // somebody deleted its Job
  kStopped,   // jobexec stopped it
};

struct TaskStatus {
  runs::ManifestEntry entry;
  JobPtr job;                // null if it was never seen
  std::vector<PodPtr> pods;  // of the Job, oldest first
  TaskState state = TaskState::kPlanned;
  Cause cause = Cause::kNone;
  std::string message;  // why it failed, for people
};

enum class RunState { kRunning, kPassed, kFailed };

struct RunStatus {
  int action = 0;
  std::string action_name;
  bool silent = false;
  std::string refusal;    // why the action does not run at all
  std::string cancelled;  // who cancelled it and why; empty if nobody did
  std::vector<TaskStatus> tasks;
  RunState state = RunState::kRunning;
  bool warned = false;  // a task with "onError: warn" failed
  // It failed because it was stopped, and it was stopped because Keptn's sequence has ended.
  bool aborted = false;
};

struct EventState {
  std::string hash;
  bool inherited = false;
  JobPtr anchor;  // anchor or record; null if it is not known
  std::vector<RunStatus> runs;
  // Members that no run of the anchor's plan has, or all of them if there is no anchor.
  std::vector<JobPtr> strays;
};

EventState Fold(const EventSnapshot& snapshot);

}  // namespace jobexec::reporter
