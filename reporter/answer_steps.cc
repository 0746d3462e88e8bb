#include "reporter/answer_steps.h"

namespace jobexec::reporter {
namespace {

using runs::Ledger;
using StepKind = Step::Kind;

Ledger Mark(Answer answer, uint64_t sequence) {
  const bool started = answer == Answer::kStarted;
  return {.state = started ? Ledger::State::kStarted : Ledger::State::kFinished,
          .sequence = sequence};
}

Ledger::State IntentState(Answer answer) {
  return answer == Answer::kStarted ? Ledger::State::kStartedIntent
                                    : Ledger::State::kFinishedIntent;
}

bool NeedsLook(const StepInput& input) {
  const AnswerMemory& memory = input.memory;
  if (memory.first_attempt.has_value()) {
    return input.elapsed - *memory.first_attempt > input.duplicate_window / 2;
  }
  if (memory.looked.has_value()) return input.elapsed - *memory.looked > kLookValidity;
  return input.inherited;
}

Step Intend(const StepInput& input) {
  const bool again = IsIntentOf(input.answer, input.ledger);
  return {.kind = StepKind::kIntend,
          .ledger = {.state = IntentState(input.answer),
                     .intent = again ? input.ledger.intent + 1 : 1,
                     .holder = input.holder,
                     // The ledger keeps whole milliseconds.
                     .intent_time = absl::FromUnixMillis(absl::ToUnixMillis(input.now))}};
}

Step WaitFor(absl::Duration wait) { return {.kind = StepKind::kWait, .wait = wait}; }

// What became of an intention whose event may have been delivered.
Step AskKeptn(const StepInput& input, const Sent& sent) {
  if (sent.look_failed && input.elapsed - sent.since >= kAskLimit) {
    return input.answer == Answer::kStarted ? Step{.kind = StepKind::kGiveUp} : Intend(input);
  }
  if (!sent.absence.has_value()) return {.kind = StepKind::kLook};
  const Absence& absence = *sent.absence;
  const absl::Duration gap = absence.from_event_store ? kEventStoreGap : kControllerGap;
  if (absence.last - absence.first >= gap) {
    return input.elapsed - absence.last <= kLookValidity ? Intend(input)
                                                         : Step{.kind = StepKind::kLook};
  }
  const absl::Duration wait = absence.first + gap - input.elapsed;
  return wait > absl::ZeroDuration() ? WaitFor(wait) : Step{.kind = StepKind::kLook};
}

Step IntendOrPost(const StepInput& input) {
  if (!IsIntentOf(input.answer, input.ledger)) return Intend(input);
  const AnswerMemory& memory = input.memory;
  const bool can_ask = input.transport == Transport::kKeptn;
  if (memory.unused_intent == input.ledger) {
    return {.kind = can_ask && memory.refused ? StepKind::kLook : StepKind::kPublish};
  }
  if (!memory.sent.has_value() || memory.sent->intent != input.ledger) {
    return WaitFor(kIntentSettled);
  }
  const absl::Duration wait = memory.sent->since + kIntentSettled - input.elapsed;
  if (wait > absl::ZeroDuration()) return WaitFor(wait);
  return can_ask ? AskKeptn(input, *memory.sent) : Intend(input);
}

}  // namespace

absl::string_view AnswerName(Answer answer) {
  return answer == Answer::kStarted ? "started" : "finished";
}

bool IsIntentOf(Answer answer, const Ledger& ledger) { return ledger.state == IntentState(answer); }

bool IsSettled(const AnswerMemory& memory) { return memory.stored.has_value() || memory.given_up; }

Step NextStep(const StepInput& input) {
  if (input.memory.stored.has_value()) {
    return {.kind = StepKind::kMark, .ledger = Mark(input.answer, *input.memory.stored)};
  }
  if (input.memory.given_up) return {.kind = StepKind::kGiveUp};
  if (input.transport != Transport::kJetStream) return IntendOrPost(input);
  return {.kind = NeedsLook(input) ? StepKind::kLook : StepKind::kPublish};
}

void NoteSeen(Answer answer, const Ledger& ledger, absl::Duration elapsed, AnswerMemory& memory) {
  if (!IsIntentOf(answer, ledger) || memory.unused_intent == ledger) return;
  if (!memory.sent.has_value() || memory.sent->intent != ledger) NoteSent(ledger, elapsed, memory);
}

void NoteSent(const Ledger& intent, absl::Duration elapsed, AnswerMemory& memory) {
  memory.sent = Sent{.intent = intent, .since = elapsed};
}

void NoteAbsent(absl::Duration elapsed, bool from_event_store, AnswerMemory& memory) {
  if (!memory.sent.has_value()) return;
  std::optional<Absence>& absence = memory.sent->absence;
  if (!absence.has_value()) absence = Absence{.first = elapsed};
  absence->last = elapsed;
  absence->from_event_store = absence->from_event_store || from_event_store;
}

}  // namespace jobexec::reporter
