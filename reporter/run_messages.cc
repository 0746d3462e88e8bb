#include "reporter/run_messages.h"

#include "absl/strings/str_cat.h"
#include "common/runs/names.h"
#include "reporter/next_actions.h"

namespace jobexec::reporter {
namespace {

using ::jobexecutor::v1::Run;
using ::jobexecutor::v1::RunFilter;

Run::State StateOf(TaskState state) {
  switch (state) {
    case TaskState::kUnseen:
      return Run::STATE_UNSPECIFIED;
    case TaskState::kPlanned:
      return Run::STATE_PLANNED;
    case TaskState::kRunning:
      return Run::STATE_RUNNING;
    case TaskState::kPassed:
      return Run::STATE_PASSED;
    case TaskState::kFailed:
      return Run::STATE_FAILED;
    case TaskState::kSkipped:
      return Run::STATE_SKIPPED;
  }
  return Run::STATE_UNSPECIFIED;
}

Run::State StateOf(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return Run::STATE_RUNNING;
    case RunState::kPassed:
      return Run::STATE_PASSED;
    case RunState::kFailed:
      return Run::STATE_FAILED;
  }
  return Run::STATE_UNSPECIFIED;
}

const char* AnsweredText(const JobView& anchor) {
  switch (AnsweredBy(anchor.record.ledger)) {
    case Answered::kNotOwed:
      return "none";
    case Answered::kNothing:
      return "-";
    case Answered::kStarted:
      return "started";
    case Answered::kFinished:
      return "finished";
  }
  return "none";
}

Run RunOfEvent(const EventState& state, int action) {
  const JobView& anchor = *state.anchor;
  const runs::EventFacts& facts = anchor.record.facts;
  Run run;
  run.set_name(runs::RunName(state.hash, action));
  run.set_event_id(facts.id);
  run.set_event_source(facts.source);
  run.set_event_type(facts.type);
  run.set_keptn_context(facts.keptn_context);
  run.mutable_create_time()->set_seconds(absl::ToUnixSeconds(anchor.record.create_time));
  run.set_answered(AnsweredText(anchor));
  return run;
}

void AddTask(const TaskStatus& status, Run& run) {
  Run::Task& task = *run.add_tasks();
  task.set_name(status.entry.task_name);
  task.set_job(absl::StrCat(status.entry.name_space, "/", status.entry.job));
  task.set_state(StateOf(status.state));
  task.set_message(status.message);
}

}  // namespace

bool Matches(const RunFilter& filter, const JobView& anchor) {
  const runs::EventFacts& facts = anchor.record.facts;
  return (filter.event_id().empty() || filter.event_id() == facts.id) &&
         (filter.keptn_context().empty() || filter.keptn_context() == facts.keptn_context);
}

std::vector<Run> RunMessages(const EventState& state) {
  std::vector<Run> runs;
  if (state.anchor == nullptr) return runs;
  if (state.anchor->record.refused) {
    runs.push_back(RunOfEvent(state, 0));
    runs.back().set_state(Run::STATE_FAILED);
    return runs;
  }
  for (const RunStatus& status : state.runs) {
    Run run = RunOfEvent(state, status.action);
    run.set_action(status.action_name);
    run.set_silent(status.silent);
    run.set_cancelled(status.cancelled);
    run.set_state(StateOf(status.state));
    for (const TaskStatus& task : status.tasks) AddTask(task, run);
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace jobexec::reporter
