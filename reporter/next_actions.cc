#include "reporter/next_actions.h"

#include <algorithm>
#include <utility>

namespace jobexec::reporter {
namespace {

using runs::Ledger;
using runs::Phase;
using ActionKind = Action::Kind;

Action On(ActionKind kind, const JobPtr& job) { return {.kind = kind, .job = job}; }

bool IsDecided(const RunStatus& run) { return run.state != RunState::kRunning; }

// A run that is answered for needs no further look at its Jobs: they may have been removed.
bool IsClosed(const RunStatus& run, Answered answered) {
  return answered == Answered::kFinished && !run.silent;
}

bool IsLive(const JobPtr& job) { return job != nullptr && !job->gone; }

void DeletePlanned(const RunStatus& run, Decision& decision) {
  for (const TaskStatus& task : run.tasks) {
    if (IsLive(task.job) && task.job->record.phase == Phase::kPlanned) {
      decision.actions.push_back(On(ActionKind::kDelete, task.job));
    }
  }
}

// Looks again at a Job that Kubernetes should have ended.
void WatchDeadline(const JobPtr& job, absl::Time now, Decision& decision) {
  if (job->deadline == absl::InfiniteDuration() || job->start_time == absl::InfinitePast()) return;
  const absl::Time overdue = job->start_time + job->deadline + kOverdueGrace;
  if (now >= overdue) {
    decision.actions.push_back(On(ActionKind::kConfirm, job));
    decision.look_again = std::min(decision.look_again, now + kOverdueGrace);
  } else {
    decision.look_again = std::min(decision.look_again, overdue);
  }
}

void Confirm(const TaskStatus& task, Decision& decision) {
  decision.actions.push_back(
      {.kind = ActionKind::kConfirm, .name_space = task.entry.name_space, .name = task.entry.job});
}

void AdvanceRun(const RunStatus& run, absl::Time now, Decision& decision) {
  for (const TaskStatus& task : run.tasks) {
    if (task.state == TaskState::kPassed || task.state == TaskState::kFailed) continue;
    if (task.state == TaskState::kUnseen) {
      Confirm(task, decision);
    } else if (task.state == TaskState::kPlanned) {
      decision.actions.push_back(On(ActionKind::kRelease, task.job));
    } else {
      WatchDeadline(task.job, now, decision);
    }
    return;  // the others wait for this one
  }
}

// Ends a run that somebody cancelled: stops what runs and removes what has not begun. The run is
// decided when etcd says so, not before.
void CancelRun(const RunStatus& run, Decision& decision) {
  for (const TaskStatus& task : run.tasks) {
    if (task.state == TaskState::kUnseen) Confirm(task, decision);
    if (task.state == TaskState::kRunning) {
      decision.actions.push_back(
          {.kind = ActionKind::kStop, .job = task.job, .why = run.cancelled});
    }
  }
  DeletePlanned(run, decision);
}

// A Job that was stopped while its queue held it has no end, and so no TTL.
void DeleteExpired(const JobPtr& job, absl::Time now, Decision& decision) {
  if (!IsLive(job) || job->record.has_answer_finalizer ||
      job->record.delete_after == absl::InfiniteFuture()) {
    return;
  }
  if (now < job->record.delete_after) {
    decision.look_again = std::min(decision.look_again, job->record.delete_after);
  } else {
    decision.actions.push_back(On(ActionKind::kDelete, job));
  }
}

void DeleteExpired(const EventState& state, absl::Time now, Decision& decision) {
  for (const RunStatus& run : state.runs) {
    for (const TaskStatus& task : run.tasks) DeleteExpired(task.job, now, decision);
  }
}

// Members without an anchor: its creation may still be on the way.
void TendOrphans(const EventState& state, absl::Time now, Decision& decision) {
  for (const JobPtr& job : state.strays) {
    const absl::Time end = job->record.create_time + kOrphanAge;
    if (now < end) {
      decision.look_again = std::min(decision.look_again, end);
    } else if (job->record.phase == Phase::kPlanned) {
      decision.actions.push_back(On(ActionKind::kDelete, job));
    } else if (job->record.has_answer_finalizer) {
      decision.actions.push_back(On(ActionKind::kLetGo, job));
    }
  }
}

// Members of a plan that lost, or of an event that was refused.
void DeleteStrays(const EventState& state, Decision& decision) {
  for (const JobPtr& job : state.strays) {
    if (job->record.phase == Phase::kPlanned)
      decision.actions.push_back(On(ActionKind::kDelete, job));
  }
}

void LetGoMembers(const RunStatus& run, Decision& decision) {
  for (const TaskStatus& task : run.tasks) {
    if (IsLive(task.job) && task.job->record.role == runs::Role::kMember &&
        task.job->record.has_answer_finalizer) {
      decision.actions.push_back(On(ActionKind::kLetGo, task.job));
    }
  }
}

// After the last answer, or if none is owed: each run that has ended is let go, the anchor last.
void LetGo(const EventState& state, Answered answered, Decision& decision) {
  for (const RunStatus& run : state.runs) {
    if (IsDecided(run) || IsClosed(run, answered)) LetGoMembers(run, decision);
  }
  if (AllDecided(state, answered) && IsLive(state.anchor) &&
      state.anchor->record.has_answer_finalizer) {
    decision.actions.push_back(On(ActionKind::kLetGo, state.anchor));
  }
}

void AddAnswer(const EventState& state, Answered answered, bool started_stored,
               Decision& decision) {
  const bool started = started_stored || answered == Answered::kStarted;
  if (started && AnswerIsDue(state)) {
    decision.actions.push_back(On(ActionKind::kSayFinished, state.anchor));
  } else if (answered == Answered::kNothing) {
    decision.actions.push_back(On(ActionKind::kSayStarted, state.anchor));
  }
}

bool AnyLeft(const EventState& state) {
  if (IsLive(state.anchor) || !state.strays.empty()) return true;
  for (const RunStatus& run : state.runs) {
    for (const TaskStatus& task : run.tasks) {
      if (IsLive(task.job)) return true;
    }
  }
  return false;
}

bool NothingOwed(Answered answered) {
  return answered == Answered::kNotOwed || answered == Answered::kFinished;
}

}  // namespace

Answered AnsweredBy(const Ledger& ledger) {
  switch (ledger.state) {
    case Ledger::State::kNone:
      return Answered::kNotOwed;
    case Ledger::State::kNothing:
    case Ledger::State::kStartedIntent:
      return Answered::kNothing;
    case Ledger::State::kStarted:
    case Ledger::State::kFinishedIntent:
      return Answered::kStarted;
    case Ledger::State::kFinished:
      return Answered::kFinished;
  }
  return Answered::kNotOwed;
}

bool AnswerIsDue(const EventState& state) {
  return std::all_of(state.runs.begin(), state.runs.end(),
                     [](const RunStatus& run) { return run.silent || IsDecided(run); });
}

bool AllDecided(const EventState& state, Answered answered) {
  return std::all_of(state.runs.begin(), state.runs.end(), [&](const RunStatus& run) {
    return IsDecided(run) || IsClosed(run, answered);
  });
}

int64_t TtlOf(const JobView& job, absl::Time now) {
  const int64_t wanted = job.record.ttl_seconds;
  if (job.record.role == runs::Role::kMember) return wanted;
  absl::Duration hold = runs::kHold;
  // The TTL counts from the Job's end, which may be long ago when later tasks took their time.
  if (job.end_time != absl::InfinitePast() && now > job.end_time) hold += now - job.end_time;
  return std::max(wanted, absl::ToInt64Seconds(absl::Ceil(hold, absl::Seconds(1))));
}

Decision NextActions(const EventState& state, bool started_stored, absl::Time now) {
  Decision decision;
  if (state.anchor == nullptr) {
    TendOrphans(state, now, decision);
    decision.over = state.strays.empty();
    return decision;
  }
  const Answered answered = AnsweredBy(state.anchor->record.ledger);
  DeleteStrays(state, decision);
  for (const RunStatus& run : state.runs) {
    if (run.state == RunState::kFailed) DeletePlanned(run, decision);
    if (IsDecided(run) || IsClosed(run, answered)) continue;
    if (run.cancelled.empty()) {
      AdvanceRun(run, now, decision);
    } else {
      CancelRun(run, decision);
    }
  }
  DeleteExpired(state, now, decision);
  if (NothingOwed(answered)) {
    LetGo(state, answered, decision);
  } else {
    AddAnswer(state, answered, started_stored, decision);
  }
  decision.over = decision.actions.empty() && !AnyLeft(state) && NothingOwed(answered);
  return decision;
}

}  // namespace jobexec::reporter
