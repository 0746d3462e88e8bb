#include "reporter/reconciler.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/json/json.h"
#include "common/runs/names.h"
#include "common/telemetry/log.h"
#include "reporter/patches.h"

namespace jobexec::reporter {
namespace {

using runs::Ledger;
using Json = nlohmann::json;

constexpr absl::Duration kCallTimeout = absl::Seconds(10);
constexpr absl::Duration kFirstRetry = absl::Milliseconds(500);
constexpr absl::Duration kLongestRetry = absl::Minutes(1);
// An event that keeps moving gives way to others after this many rounds.
constexpr int kMaxRounds = 20;
// API server and stream may disagree about the time by less than this.
constexpr absl::Duration kClockSlack = absl::Minutes(10);
// A refused .finished is sent again with a fourth of the message, down to this.
constexpr size_t kSmallestMessage = 4096;
constexpr size_t kMessageCut = 4;
// Bytes of an answer's message that are kept for Keptn's error log.
constexpr size_t kMaxErrorText = 32 * 1024;
// When Keptn's error log is full.
constexpr absl::Duration kTellAgain = absl::Seconds(30);

const runs::EventFacts& FactsOf(const EventState& state) { return state.anchor->record.facts; }

AnswerMemory& Of(Answer answer, AnswerMemory& started, AnswerMemory& finished) {
  return answer == Answer::kStarted ? started : finished;
}

// From where on the answer may be in the stream: after .started, after the event itself, or by
// time.
LookBound BoundOf(const JobView& anchor) {
  const Ledger& ledger = anchor.record.ledger;
  if (ledger.state == Ledger::State::kStarted && ledger.sequence != 0) {
    return {.sequence = ledger.sequence};
  }
  if (anchor.record.facts.from_sequence != 0) {
    return {.sequence = anchor.record.facts.from_sequence};
  }
  return {.time = anchor.record.create_time - kClockSlack};
}

bool IsOwed(const EventState& state) {
  if (state.anchor == nullptr) return false;
  const Answered answered = AnsweredBy(state.anchor->record.ledger);
  return answered == Answered::kNothing || answered == Answered::kStarted;
}

bool HasRun(const TaskStatus& task) {
  return task.state == TaskState::kPassed || task.state == TaskState::kFailed;
}

// The watches of Jobs and pods have no common order: a Job may be known complete while its pod
// still seems to run.
bool PodsLag(const TaskStatus& task) {
  if (task.state != TaskState::kPassed || task.job == nullptr || task.job->gone) return false;
  const auto is_behind = [](const PodPtr& pod) {
    return pod->phase != PodView::Phase::kSucceeded && pod->phase != PodView::Phase::kFailed;
  };
  return task.pods.empty() || std::any_of(task.pods.begin(), task.pods.end(), is_behind);
}

Reconciler::Options Complete(Reconciler::Options options) {
  // Room for every task's share of the logs as LogCollector cuts it.
  options.answers.max_message_bytes = options.log_limits.total + options.log_limits.total / 2;
  return options;
}

}  // namespace

Reconciler::Reconciler(Options options, Parts parts)
    : options_(Complete(std::move(options))), parts_(parts), logs_(parts.kube) {}

Reconciler::~Reconciler() = default;

void Reconciler::Process(absl::string_view hash) {
  const absl::Duration start = parts_.clock.Elapsed();
  Settle(hash);
  parts_.metrics.ObserveReconcile(parts_.clock.Elapsed() - start);
}

void Reconciler::Settle(absl::string_view hash) {
  Memory& memory = MemoryOf(hash);
  for (int round = 0; round < kMaxRounds; ++round) {
    if (!MayAct()) return;
    const std::optional<EventSnapshot> snapshot = parts_.store.Get(hash);
    if (!snapshot.has_value()) return Forget(hash);
    const EventState state = Fold(*snapshot);
    const Look look{state, memory};
    Follow(state, memory);
    NoteEndedTasks(look);
    TellKeptn(look);

    const absl::Time now = parts_.clock.TimeNow();
    const Decision decision = NextActions(state, IsSettled(memory.started), now);
    if (decision.over) {
      parts_.store.Drop(hash);
      return Forget(hash);
    }
    if (decision.look_again != absl::InfiniteFuture()) {
      parts_.queue.AddAfter(hash, decision.look_again - now);
    }
    bool moved = false;
    for (const Action& action : decision.actions) moved |= Act(look, action);
    if (!moved) return;
  }
  parts_.queue.Add(hash);
}

Reconciler::Memory& Reconciler::MemoryOf(absl::string_view hash) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Memory>& memory = memories_[std::string(hash)];
  if (memory == nullptr) memory = std::make_unique<Memory>();
  return *memory;
}

void Reconciler::Forget(absl::string_view hash) {
  absl::MutexLock lock(&mutex_);
  const auto memory = memories_.find(hash);
  if (memory == memories_.end()) return;
  if (memory->second->owed) parts_.metrics.AddOpenEvents(-1);
  memories_.erase(memory);
}

void Reconciler::ForgetAll() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [hash, memory] : memories_) {
    if (memory->owed) parts_.metrics.AddOpenEvents(-1);
  }
  memories_.clear();
}

void Reconciler::Follow(const EventState& state, Memory& memory) {
  const std::string uid = state.anchor == nullptr ? "" : state.anchor->record.uid;
  if (memory.anchor_uid != uid) {
    // Another anchor is another life: nothing that was known of the last one holds.
    const bool owed = memory.owed;
    memory = Memory{.anchor_uid = uid, .owed = owed};
  }
  const bool owed = IsOwed(state);
  if (owed != memory.owed) parts_.metrics.AddOpenEvents(owed ? 1 : -1);
  memory.owed = owed;
  if (!owed) memory.logs.clear();
}

// Says once how a task ended, and takes the logs of failed ones while their pods are there. Events
// that were answered before this process came are left alone.
void Reconciler::NoteEndedTasks(Look look) {
  if (!look.memory.owed && (look.state.inherited || look.state.anchor == nullptr)) return;
  for (const RunStatus& run : look.state.runs) {
    for (const TaskStatus& task : run.tasks) {
      if (!HasRun(task) || !look.memory.reported.insert(task.entry.job).second) continue;
      const bool failed = task.state == TaskState::kFailed;
      log::Info("task ended", {{"event_id", FactsOf(look.state).id},
                               {"run", runs::RunName(look.state.hash, run.action)},
                               {"job", task.entry.job},
                               {"task", task.entry.task_name},
                               {"result", failed ? "failed" : "passed"},
                               {"error", task.message}});
      // Kubernetes removes the pods of a Job that ran too long.
      const bool is_told = !run.silent && look.memory.owed;
      if (failed && (is_told || task.cause == Cause::kDeadline)) TakeLog(look, run, task);
    }
  }
}

// Takes the log of a failed task once: what was read before a task was stopped is what counts.
void Reconciler::TakeLog(Look look, const RunStatus& run, const TaskStatus& task) {
  if (task.job == nullptr || look.memory.logs.contains(task.entry.job)) return;
  const std::string log = logs_.Collect(task, LogLimit(look.state));
  parts_.archive.Put(task.job->record.uid, log);
  if (!run.silent && look.memory.owed) look.memory.logs[task.entry.job] = log;
}

// Hands an event that ended in an error, with its answer out or none owed, over to Keptn's error
// log.
void Reconciler::TellKeptn(Look look) {
  if (parts_.keptn_log == nullptr || look.memory.told || look.state.anchor == nullptr) return;
  const bool answered = look.state.anchor->record.ledger.state == Ledger::State::kFinished;
  const bool just_answered = answered && !look.memory.error_text.empty();
  if (!just_answered && !OwesErrorReport(look.state)) return;
  std::string text = look.memory.error_text;
  if (text.empty()) text = MessageOf(look.state, look.memory.logs, kMaxErrorText);
  look.memory.told = parts_.keptn_log->TryAdd(
      MakeErrorReport(look.state, std::move(text), parts_.clock.TimeNow()));
  if (look.memory.told) {
    look.memory.error_text.clear();
  } else {
    parts_.queue.AddAfter(look.state.hash, kTellAgain);
  }
}

bool Reconciler::Act(Look look, const Action& action) {
  switch (action.kind) {
    case Action::Kind::kConfirm:
      return Confirm(look, action);
    case Action::Kind::kRelease:
      return Release(look, *action.job);
    case Action::Kind::kStop:
      return Stop(look, *action.job, action.why);
    case Action::Kind::kDelete:
      return Delete(look, *action.job);
    case Action::Kind::kSayStarted:
      return Say(look, Answer::kStarted);
    case Action::Kind::kSayFinished:
      return Say(look, Answer::kFinished);
    case Action::Kind::kLetGo:
      return LetGo(look, *action.job);
  }
  return false;
}

bool Reconciler::Confirm(Look look, const Action& action) {
  if (action.job == nullptr) return ReadAgain(look, action.name_space, action.name, nullptr);
  const runs::JobRecord& job = action.job->record;
  return ReadAgain(look, job.name_space, job.name, action.job.get());
}

bool Reconciler::Release(Look look, const JobView& job) {
  const Patched patched = Patch(look, job, ReleasePatch(job));
  if (patched == Patched::kApplied) {
    log::Info("task released", {{"event_id", job.record.facts.id}, {"job", job.record.name}});
  }
  return patched != Patched::kFailed;
}

bool Reconciler::Stop(Look look, const JobView& job, const std::string& why) {
  for (const RunStatus& run : look.state.runs) {
    for (const TaskStatus& task : run.tasks) {
      if (task.job.get() != &job) continue;
      // Its pods go with the patch.
      TaskStatus failed = task;
      failed.state = TaskState::kFailed;
      TakeLog(look, run, failed);
    }
  }
  const Patched patched = Patch(look, job, StopPatch(job, why, parts_.clock.TimeNow()));
  if (patched == Patched::kApplied) {
    log::Info("task stopped",
              {{"event_id", FactsOf(look.state).id}, {"job", job.record.name}, {"why", why}});
  }
  return patched != Patched::kFailed;
}

bool Reconciler::Delete(Look look, const JobView& job) {
  const runs::JobRecord& record = job.record;
  if (look.memory.deleted.contains(record.uid) || !MayAct()) return false;
  const absl::Status status =
      parts_.kube.Delete(kube::Jobs(record.name_space), record.name, record.uid, kCallTimeout);
  if (absl::IsNotFound(status) || absl::IsAborted(status)) {
    return ReadAgain(look, record.name_space, record.name, &job);
  }
  if (!status.ok()) return Retry(look, absl::StrCat("deleting job ", record.name), status);
  look.memory.deleted.insert(record.uid);
  log::Info("job deleted", {{"event_id", record.facts.id}, {"job", record.name}});
  return false;
}

bool Reconciler::LetGo(Look look, const JobView& job) {
  const absl::Time now = parts_.clock.TimeNow();
  const Json patch = LetGoPatch(job, TtlOf(job, now), now);
  return Patch(look, job, patch) != Patched::kFailed;
}

bool Reconciler::Say(Look look, Answer answer) {
  const absl::Duration quiet = look.memory.quiet_until - parts_.clock.Elapsed();
  if (quiet > absl::ZeroDuration()) {
    parts_.queue.AddAfter(look.state.hash, quiet);
    return false;
  }
  StepInput input;
  input.answer = answer;
  input.transport = parts_.publisher.transport();
  input.ledger = look.state.anchor->record.ledger;
  input.inherited = look.state.inherited;
  input.duplicate_window = parts_.publisher.duplicate_window();
  input.now = parts_.clock.TimeNow();
  input.elapsed = parts_.clock.Elapsed();
  input.holder = options_.holder;
  AnswerMemory& memory = Of(answer, look.memory.started, look.memory.finished);
  NoteSeen(answer, input.ledger, input.elapsed, memory);
  input.memory = memory;
  const Step step = NextStep(input);
  const bool sends = step.kind == Step::Kind::kIntend || step.kind == Step::Kind::kPublish;
  if (answer == Answer::kFinished && sends && !MayFinish(look)) {
    return !look.memory.started.given_up;
  }
  switch (step.kind) {
    case Step::Kind::kLook:
      return LookUp(look, answer);
    case Step::Kind::kIntend:
      return Intend(look, answer, step.ledger);
    case Step::Kind::kPublish:
      return Publish(look, answer);
    case Step::Kind::kMark:
      return Mark(look, answer, step.ledger);
    case Step::Kind::kWait:
      parts_.queue.AddAfter(look.state.hash, step.wait);
      return false;
    case Step::Kind::kGiveUp:
      return GiveUp(look, answer);
  }
  return false;
}

bool Reconciler::LookUp(Look look, Answer answer) {
  const absl::Status learned = Learn(look, answer);
  return learned.ok() || SendLater(look, "looking for an answer", learned);
}

absl::Status Reconciler::Learn(Look look, Answer answer) {
  const runs::EventFacts& facts = FactsOf(look.state);
  AnswerMemory& memory = Of(answer, look.memory.started, look.memory.finished);
  memory.refused = false;
  const absl::Duration now = parts_.clock.Elapsed();
  const absl::StatusOr<Finding> found =
      parts_.publisher.Find({.facts = facts,
                             .type = AnswerTypeOf(facts, answer),
                             .id = AnswerIdOf(options_.answers, facts, answer),
                             .source = options_.answers.source,
                             .bound = BoundOf(*look.state.anchor)});
  parts_.metrics.CountLook(answer, found);
  if (memory.sent.has_value()) memory.sent->look_failed = !found.ok();
  if (!found.ok()) return found.status();
  if (found->kind == Finding::Kind::kAbsent) {
    memory.looked = now;
    memory.first_attempt.reset();
    NoteAbsent(now, found->from_event_store, memory);
    return absl::OkStatus();
  }
  memory.stored = found->sequence;
  const bool moot = found->kind == Finding::Kind::kMoot;
  log::Info(moot ? "nobody waits for the answer any more" : "answer found stored",
            {{"event_id", facts.id},
             {"keptn_context", facts.keptn_context},
             {"kind", std::string(AnswerName(answer))},
             {"sequence", absl::StrCat(found->sequence)}});
  return absl::OkStatus();
}

// False if .finished must not go out, although it is due: Keptn, which could not be asked for long,
// is back, waits for the task and has no .started. Either that is sent now, or, if the intention of
// .finished stands in its place, Keptn has to end the sequence first.
bool Reconciler::MayFinish(Look look) {
  AnswerMemory& started = look.memory.started;
  if (!started.given_up || !Learn(look, Answer::kStarted).ok()) return true;
  const bool can_be_sent = IsIntentOf(Answer::kStarted, look.state.anchor->record.ledger);
  if (started.stored.has_value() || can_be_sent) started.given_up = false;
  if (started.given_up) {
    SendLater(look, "publishing .finished",
              absl::FailedPreconditionError(".started is missing, and Keptn waits for it"));
  }
  return started.stored.has_value();
}

// Nobody knows whether a .started is stored, and a second one would let Keptn's sequence hang. If
// it is not, Keptn has ended the sequence by now, and the .finished does no harm.
bool Reconciler::GiveUp(Look look, Answer answer) {
  AnswerMemory& memory = Of(answer, look.memory.started, look.memory.finished);
  if (std::exchange(memory.given_up, true)) return false;
  parts_.metrics.CountGivenUp(answer);
  log::Error(
      "nobody can be asked whether Keptn has this answer: it is not sent again, since a second one "
      "would let the sequence hang",
      {{"event_id", FactsOf(look.state).id},
       {"keptn_context", FactsOf(look.state).keptn_context},
       {"kind", std::string(AnswerName(answer))}});
  return true;
}

bool Reconciler::Intend(Look look, Answer answer, const Ledger& intent) {
  // Remembered before it is written: if the reply is lost, the ledger will show whether it was.
  Of(answer, look.memory.started, look.memory.finished).unused_intent = intent;
  return MoveLedger(look, intent, LedgerPatch(*look.state.anchor, intent));
}

// Bytes of logs that one task may have, so that all of the answer's tasks fit together.
size_t Reconciler::LogLimit(const EventState& state) const {
  size_t tasks = 0;
  for (const RunStatus& run : state.runs) {
    if (!run.silent) tasks += run.tasks.size();
  }
  return std::min(options_.log_limits.per_task,
                  options_.log_limits.total / std::max(tasks, size_t{1}));
}

// With the message as short as refusals have made it.
AnswerSettings Reconciler::SettingsOf(Look look) const {
  AnswerSettings settings = options_.answers;
  if (look.memory.max_message_bytes != 0) {
    settings.max_message_bytes = look.memory.max_message_bytes;
  }
  return settings;
}

cloudevents::Event Reconciler::BuildAnswer(Look look, Answer answer) {
  const absl::Time now = parts_.clock.TimeNow();
  if (answer == Answer::kStarted) return StartedEvent(options_.answers, FactsOf(look.state), now);
  for (const RunStatus& run : look.state.runs) {
    for (const TaskStatus& task : run.tasks) {
      if (run.silent || !HasRun(task)) continue;
      const auto [log, is_new] = look.memory.logs.try_emplace(task.entry.job);
      if (is_new) log->second = logs_.Collect(task, LogLimit(look.state));
    }
  }
  return FinishedEvent(SettingsOf(look), look.state, look.memory.logs, now);
}

// A task that the answer tells of and whose pods are to be read first; null if there is none.
const TaskStatus* Reconciler::FindLagging(Look look) {
  for (const RunStatus& run : look.state.runs) {
    if (run.silent) continue;
    for (const TaskStatus& task : run.tasks) {
      if (PodsLag(task) && !look.memory.caught_up.contains(task.entry.job)) return &task;
    }
  }
  return nullptr;
}

// Reads the pods of an ended task whose watch is behind, once: what its containers wrote belongs
// into the answer.
bool Reconciler::CatchUp(Look look, const TaskStatus& task) {
  const absl::StatusOr<Json> pods = parts_.kube.List(
      kube::Pods(task.entry.name_space),
      {.label_selector = absl::StrCat(runs::kEventLabel, "=", look.state.hash)}, kCallTimeout);
  if (!pods.ok() && IsTransient(pods.status())) {
    return SendLater(look, absl::StrCat("reading pods of job ", task.entry.job), pods.status());
  }
  look.memory.caught_up.insert(task.entry.job);
  if (!pods.ok()) return true;
  const Json* items = json::Find(*pods, "items");
  if (items == nullptr || !items->is_array()) return true;
  for (const Json& item : *items) {
    absl::StatusOr<PodView> pod = ReadPodView(item);
    if (pod.ok()) parts_.store.ApplyPod(*std::move(pod));
  }
  return true;
}

bool Reconciler::Publish(Look look, Answer answer) {
  if (answer == Answer::kFinished) {
    if (const TaskStatus* task = FindLagging(look)) return CatchUp(look, *task);
  }
  const cloudevents::Event event = BuildAnswer(look, answer);
  if (!MayAct()) return false;
  AnswerMemory& memory = Of(answer, look.memory.started, look.memory.finished);
  const std::optional<Ledger> intent = std::exchange(memory.unused_intent, std::nullopt);
  const absl::Duration now = parts_.clock.Elapsed();
  if (intent.has_value()) NoteSent(*intent, now, memory);
  const absl::StatusOr<Receipt> receipt = parts_.publisher.Publish(event);
  if (receipt.ok()) return NotePublished(look, event, answer, *receipt);
  if (!memory.first_attempt.has_value() && GetReason(receipt.status()) != kNotSent) {
    memory.first_attempt = now;
  }
  return NoteNotPublished(look, answer, intent, receipt.status());
}

bool Reconciler::NotePublished(Look look, const cloudevents::Event& event, Answer answer,
                               const Receipt& receipt) {
  Of(answer, look.memory.started, look.memory.finished).stored = receipt.sequence;
  look.memory.send_backoff.reset();
  const bool finished = answer == Answer::kFinished;
  if (finished && parts_.keptn_log != nullptr && WantsErrorReport(look.state)) {
    look.memory.error_text = MessageOf(look.state, look.memory.logs, kMaxErrorText);
  }
  const std::string result = finished ? ResultOf(look.state) : "";
  parts_.metrics.CountAnswer(answer, result);
  log::Info("answer published", {{"event_id", FactsOf(look.state).id},
                                 {"keptn_context", FactsOf(look.state).keptn_context},
                                 {"event_type", event.type()},
                                 {"result", result},
                                 {"sequence", absl::StrCat(receipt.sequence)}});
  return true;
}

bool Reconciler::NoteNotPublished(Look look, Answer answer, const std::optional<Ledger>& intent,
                                  const absl::Status& status) {
  parts_.metrics.CountPublishFailure(answer);
  AnswerMemory& memory = Of(answer, look.memory.started, look.memory.finished);
  const bool refused = absl::IsInvalidArgument(status);
  if (GetReason(status) == kNotSent) {
    memory.unused_intent = intent;
    memory.refused = refused;
  }
  if (refused && answer == Answer::kFinished) {
    // Perhaps it is too large for what carries it.
    look.memory.max_message_bytes =
        std::max(kSmallestMessage, SettingsOf(look).max_message_bytes / kMessageCut);
  }
  return SendLater(look, absl::StrCat("publishing .", AnswerName(answer)), status);
}

bool Reconciler::Mark(Look look, Answer answer, const Ledger& mark) {
  const JobView& anchor = *look.state.anchor;
  Json patch = LedgerPatch(anchor, mark);
  if (answer == Answer::kFinished && parts_.keptn_log != nullptr && WantsErrorReport(look.state)) {
    AddErrorLog(kErrorLogOwed, patch);
  }
  if (answer == Answer::kFinished && AllDecided(look.state, Answered::kFinished)) {
    const absl::Time now = parts_.clock.TimeNow();
    AddLetGo(anchor, TtlOf(anchor, now), now, patch);
  }
  return MoveLedger(look, mark, patch);
}

bool Reconciler::MoveLedger(Look look, const Ledger& next, const Json& patch) {
  const JobView& anchor = *look.state.anchor;
  if (!anchor.gone) return Patch(look, anchor, patch) != Patched::kFailed;
  // Its finalizer was torn off. There is nothing to write on any more; the answer is owed all the
  // same.
  parts_.store.SetGoneLedger(look.state.hash, anchor.record.uid, next);
  return true;
}

Reconciler::Patched Reconciler::Patch(Look look, const JobView& job, const Json& patch) {
  const runs::JobRecord& record = job.record;
  if (!MayAct()) return Patched::kFailed;
  const absl::StatusOr<Json> patched =
      parts_.kube.Patch(kube::Jobs(record.name_space), record.name, patch, kCallTimeout);
  if (patched.ok()) {
    parts_.metrics.CountPatch("ok");
    look.memory.backoff.reset();
    Keep(look, job.record.name_space, job.record.name, *patched);
    return Patched::kApplied;
  }
  const bool stale =
      absl::IsInvalidArgument(patched.status()) || absl::IsNotFound(patched.status());
  parts_.metrics.CountPatch(stale ? "stale" : "error");
  if (stale && ReadAgain(look, record.name_space, record.name, &job)) return Patched::kStale;
  // If the Job has not changed, something else than a test refused the patch.
  Retry(look, absl::StrCat("patching job ", record.name), patched.status());
  return Patched::kFailed;
}

// Reads a Job as it is now. True if it differs from what was `known` (null: it was never seen).
bool Reconciler::ReadAgain(Look look, absl::string_view name_space, absl::string_view name,
                           const JobView* known) {
  const absl::StatusOr<Json> job = parts_.kube.Get(kube::Jobs(name_space), name, kCallTimeout);
  if (absl::IsNotFound(job.status())) {
    parts_.store.ConfirmGone(look.state.hash, name_space, name);
    return known == nullptr || !known->gone;
  }
  if (!job.ok()) return Retry(look, absl::StrCat("reading job ", name), job.status());
  const std::string version = Keep(look, name_space, name, *job);
  return known == nullptr || known->record.resource_version != version;
}

// Puts what the API server returned into the store. What is no Job of this event (any more) counts
// as gone. Returns its version.
std::string Reconciler::Keep(Look look, absl::string_view name_space, absl::string_view name,
                             const Json& job) {
  absl::StatusOr<JobView> view = ReadJobView(job);
  if (!view.ok() || view->record.event_hash != look.state.hash) {
    parts_.store.ConfirmGone(look.state.hash, name_space, name);
    return "";
  }
  std::string version = view->record.resource_version;
  parts_.store.ReplaceJob(*std::move(view));
  return version;
}

bool Reconciler::Retry(Look look, absl::string_view what, const absl::Status& status) {
  parts_.queue.AddAfter(look.state.hash, Delay(look, look.memory.backoff, what, status));
  return false;
}

// The same for what goes to the publisher. Changes of the event's Jobs do not cut this delay short.
bool Reconciler::SendLater(Look look, absl::string_view what, const absl::Status& status) {
  const absl::Duration delay = Delay(look, look.memory.send_backoff, what, status);
  look.memory.quiet_until = parts_.clock.Elapsed() + delay;
  parts_.queue.AddAfter(look.state.hash, delay);
  return false;
}

absl::Duration Reconciler::Delay(Look look, std::unique_ptr<Backoff>& backoff,
                                 absl::string_view what, const absl::Status& status) {
  if (backoff == nullptr) backoff = std::make_unique<Backoff>(kFirstRetry, kLongestRetry);
  const absl::Duration asked = GetRetryAfter(status).value_or(absl::ZeroDuration());
  const absl::Duration delay = std::max(backoff->Next(), std::min(asked, kLongestRetry));
  log::Warning("will try again", {{"what", std::string(what)},
                                  {"event", look.state.hash},
                                  {"after", absl::FormatDuration(delay)},
                                  {"error", status.ToString()}});
  return delay;
}

}  // namespace jobexec::reporter
