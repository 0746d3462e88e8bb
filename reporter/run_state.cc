#include "reporter/run_state.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace jobexec::reporter {
namespace {

using runs::Phase;

struct Outcome {
  TaskState state = TaskState::kRunning;
  Cause cause = Cause::kNone;
  std::string message;
};

Outcome Failed(Cause cause, std::string message) {
  return {TaskState::kFailed, cause, std::move(message)};
}

bool IsEnded(const ContainerView& container) {
  return container.state == ContainerView::State::kTerminated;
}

// The container that explains why a pod failed: the first that ended badly.
const ContainerView* Culprit(const PodView& pod) {
  for (const ContainerView& container : pod.containers) {
    if (IsEnded(container) && container.exit_code != 0) return &container;
  }
  return nullptr;
}

absl::string_view LastLine(absl::string_view text) {
  text = absl::StripTrailingAsciiWhitespace(text);
  const size_t end = text.rfind('\n');
  return end == absl::string_view::npos ? text : text.substr(end + 1);
}

std::string DescribePod(const PodView& pod) {
  const ContainerView* container = Culprit(pod);
  // A pod has a reason of its own if somebody else ended it, such as a kubelet that evicted it.
  if (container != nullptr && pod.reason.empty()) {
    std::string text = absl::StrCat("Reason: ", container->reason, ", Message: container ",
                                    container->name, " exited with code ", container->exit_code);
    // The last words of our init container say why the files are not there.
    if (container->init && !container->message.empty()) {
      absl::StrAppend(&text, ": ", LastLine(container->message));
    }
    return text;
  }
  return absl::StrCat("Reason: ", pod.reason, ", Message: ", pod.message);
}

Outcome Stopped(const JobView& job) {
  return Failed(Cause::kStopped,
                absl::StrCat("job ", job.record.name, " was stopped: ", job.record.why));
}

// What jobexec has stopped stays stopped, whoever deletes it then.
Outcome Deleted(const JobView& job) {
  if (job.record.phase == Phase::kStopped) return Stopped(job);
  return Failed(Cause::kDeleted, absl::StrCat("job ", job.record.name, " was deleted"));
}

Outcome FailedByJob(const JobView& job, const std::vector<PodPtr>& pods) {
  if (job.failure_reason == "DeadlineExceeded") {
    // Stopping a Job means giving it a deadline of one second.
    if (job.record.phase == Phase::kStopped) return Stopped(job);
    return Failed(Cause::kDeadline,
                  absl::StrCat("job ", job.record.name, " failed: job deadline exceeded (limit ",
                               absl::FormatDuration(job.deadline), ")"));
  }
  std::string message =
      absl::StrCat("job ", job.record.name, " failed. Reason: ", job.failure_reason,
                   ", Message: ", job.failure_message);
  const auto last = std::find_if(pods.rbegin(), pods.rend(), [](const PodPtr& pod) {
    return pod->phase == PodView::Phase::kFailed;
  });
  if (last != pods.rend()) {
    const std::string which = pods.size() == 1 ? "" : absl::StrCat("pod ", (*last)->name, ": ");
    absl::StrAppend(&message, " (", which, DescribePod(**last), ")");
  }
  return Failed(Cause::kFailed, std::move(message));
}

// The pod of a Job with one pod and no retry decides before the Job's own conditions do, unless the
// pod is being removed: then its phase proves nothing.
std::optional<Outcome> DecidedByPod(const JobView& job, const std::vector<PodPtr>& pods) {
  if (!job.one_pod || pods.size() != 1) return std::nullopt;
  const PodView& pod = *pods[0];
  if (pod.deleting || pod.disrupted) return std::nullopt;
  if (pod.phase == PodView::Phase::kSucceeded) return Outcome{TaskState::kPassed};
  if (pod.phase != PodView::Phase::kFailed) return std::nullopt;
  return Failed(Cause::kFailed,
                absl::StrCat("job ", job.record.name, " failed. ", DescribePod(pod)));
}

// A Job that is being deleted gets no conditions any more: what its containers did before that time
// counts, if they all had ended.
Outcome OfDeletedJob(const JobView& job, const std::vector<PodPtr>& pods) {
  if (!job.one_pod || pods.size() != 1) return Deleted(job);
  bool any = false;
  for (const ContainerView& container : pods[0]->containers) {
    if (container.init) continue;
    any = true;
    if (!IsEnded(container) || container.finish_time > job.record.delete_time) return Deleted(job);
  }
  if (!any) return Deleted(job);
  if (Culprit(*pods[0]) == nullptr) return {TaskState::kPassed};
  return Failed(Cause::kFailed,
                absl::StrCat("job ", job.record.name, " failed. ", DescribePod(*pods[0])));
}

// What became of one Job; the first rule that applies. A Job that is gone is judged by its last
// state first: with our finalizer torn off, that is all there ever will be.
Outcome OutcomeOf(const JobView& job, const std::vector<PodPtr>& pods) {
  if (job.verdict == JobView::Verdict::kPassed) return {TaskState::kPassed};
  if (job.verdict == JobView::Verdict::kFailed) return FailedByJob(job, pods);
  if (std::optional<Outcome> outcome = DecidedByPod(job, pods)) return *outcome;
  if (job.gone) return Deleted(job);
  if (job.record.delete_time != absl::InfiniteFuture()) return OfDeletedJob(job, pods);
  if (job.record.phase == Phase::kStopped) return Stopped(job);
  return {job.record.phase == Phase::kPlanned ? TaskState::kPlanned : TaskState::kRunning};
}

bool WasReleased(const TaskStatus& task) {
  return task.job != nullptr && task.job->record.phase != Phase::kPlanned;
}

void Apply(Outcome outcome, TaskStatus& task) {
  task.state = outcome.state;
  task.cause = outcome.cause;
  task.message = std::move(outcome.message);
}

// The reporter deletes what has not begun when its run is cancelled.
void NoteRemoved(const RunStatus& run, TaskStatus& task) {
  if (task.cause != Cause::kDeleted || run.cancelled.empty() || WasReleased(task)) return;
  task.cause = Cause::kStopped;
  task.message = absl::StrCat("job ", task.entry.job, " was removed: ", run.cancelled);
}

// Number of tasks that must have let their successor go, because it was released.
size_t ProvenTasks(const RunStatus& run) {
  for (size_t i = run.tasks.size(); i > 1; --i) {
    if (WasReleased(run.tasks[i - 1])) return i - 1;
  }
  return 0;
}

// `onError: warn` excuses how a task ended by itself, not that jobexec stopped it.
bool OnlyWarns(const TaskStatus& task) {
  return task.entry.warn_on_error && task.cause != Cause::kStopped;
}

// Judges the tasks one after the other.
void JudgeRun(RunStatus& run) {
  const size_t proven = ProvenTasks(run);
  run.state = run.refusal.empty() ? RunState::kPassed : RunState::kFailed;
  for (size_t i = 0; i < run.tasks.size(); ++i) {
    TaskStatus& task = run.tasks[i];
    if (run.state != RunState::kPassed) {
      const bool skipped = run.state == RunState::kFailed;
      task.state = skipped ? TaskState::kSkipped : TaskState::kPlanned;
      continue;
    }
    Apply(task.job == nullptr ? Outcome{TaskState::kUnseen} : OutcomeOf(*task.job, task.pods),
          task);
    NoteRemoved(run, task);
    const bool failed = task.state == TaskState::kFailed;
    if (failed && OnlyWarns(task)) {
      run.warned = true;
    } else if (i < proven) {
      // A later, different verdict on a predecessor does not undo what was built on it.
      Apply({TaskState::kPassed}, task);
    } else if (task.state != TaskState::kPassed) {
      run.state = failed ? RunState::kFailed : RunState::kRunning;
    }
  }
}

bool WasStopped(const RunStatus& run) {
  return std::any_of(run.tasks.begin(), run.tasks.end(), [](const TaskStatus& task) {
    return task.state == TaskState::kFailed && task.cause == Cause::kStopped;
  });
}

std::vector<PodPtr> PodsOf(const EventSnapshot& snapshot, const JobView& job) {
  std::vector<PodPtr> pods;
  for (const PodPtr& pod : snapshot.pods) {
    if (!job.record.uid.empty() && pod->owner_uid == job.record.uid) pods.push_back(pod);
  }
  std::sort(pods.begin(), pods.end(), [](const PodPtr& a, const PodPtr& b) {
    return std::tie(a->create_time, a->name) < std::tie(b->create_time, b->name);
  });
  return pods;
}

// How much a Job tells: one that was released tells more than one that was put in its place
// later, a living one more than a deleted one.
int Weight(const JobView& job) {
  return (job.record.phase == Phase::kPlanned ? 0 : 2) + (job.gone ? 0 : 1);
}

JobPtr FindJob(const EventSnapshot& snapshot, const runs::ManifestEntry& entry) {
  JobPtr best;
  for (const JobPtr& job : snapshot.jobs) {
    if (job->record.name != entry.job || job->record.name_space != entry.name_space) continue;
    if (best == nullptr || Weight(*job) > Weight(*best)) best = job;
  }
  return best;
}

JobPtr FindAnchor(const EventSnapshot& snapshot) {
  JobPtr anchor;
  for (const JobPtr& job : snapshot.jobs) {
    if (job->record.role == runs::Role::kMember) continue;
    if (anchor == nullptr || anchor->gone) anchor = job;
  }
  return anchor;
}

RunStatus& RunOf(const runs::ManifestEntry& entry, std::vector<RunStatus>& runs) {
  for (RunStatus& run : runs) {
    if (run.action == entry.action) return run;
  }
  return runs.emplace_back(RunStatus{.action = entry.action,
                                     .action_name = entry.action_name,
                                     .silent = entry.silent,
                                     .refusal = entry.refusal});
}

std::vector<RunStatus> FoldRuns(const EventSnapshot& snapshot, const JobView& anchor) {
  std::vector<RunStatus> runs;
  for (const runs::ManifestEntry& entry : anchor.record.manifest) {
    RunStatus& run = RunOf(entry, runs);
    if (entry.job.empty()) continue;
    TaskStatus task{.entry = entry, .job = FindJob(snapshot, entry)};
    if (task.job != nullptr) task.pods = PodsOf(snapshot, *task.job);
    run.tasks.push_back(std::move(task));
  }
  for (RunStatus& run : runs) {
    const runs::Cancel* cancel = runs::FindCancel(anchor.record.cancels, run.action);
    if (cancel != nullptr) run.cancelled = runs::DescribeCancel(*cancel);
    JudgeRun(run);
    run.aborted = cancel != nullptr && cancel->sequence_ended && WasStopped(run);
  }
  return runs;
}

std::vector<JobPtr> Strays(const EventSnapshot& snapshot, const EventState& state) {
  absl::flat_hash_set<const JobView*> used = {state.anchor.get()};
  for (const RunStatus& run : state.runs) {
    for (const TaskStatus& task : run.tasks) used.insert(task.job.get());
  }
  std::vector<JobPtr> strays;
  for (const JobPtr& job : snapshot.jobs) {
    if (!job->gone && !used.contains(job.get())) strays.push_back(job);
  }
  return strays;
}

}  // namespace

EventState Fold(const EventSnapshot& snapshot) {
  EventState state{.hash = snapshot.hash, .inherited = snapshot.inherited};
  state.anchor = FindAnchor(snapshot);
  if (state.anchor != nullptr) state.runs = FoldRuns(snapshot, *state.anchor);
  state.strays = Strays(snapshot, state);
  return state;
}

}  // namespace jobexec::reporter
