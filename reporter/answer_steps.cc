#include "reporter/answer_steps.h"

namespace jobexec::reporter {
namespace {

using runs::Ledger;

Ledger Mark(Answer answer, uint64_t sequence) {
  const bool started = answer == Answer::kStarted;
  return {.state = started ? Ledger::State::kStarted : Ledger::State::kFinished,
          .sequence = sequence};
}

bool NeedsLook(const StepInput& input) {
  const AnswerMemory& memory = input.memory;
  if (memory.first_attempt.has_value()) {
    return input.elapsed - *memory.first_attempt > input.duplicate_window / 2;
  }
  if (memory.looked.has_value()) return input.elapsed - *memory.looked > kLookValidity;
  return input.inherited;
}

Step IntendOrPost(const StepInput& input) {
  const Ledger::State intent_state = input.answer == Answer::kStarted
                                         ? Ledger::State::kStartedIntent
                                         : Ledger::State::kFinishedIntent;
  int number = 1;
  if (input.ledger.state == intent_state) {
    if (input.memory.unused_intent == input.ledger) return {.kind = Step::Kind::kPublish};
    const absl::Duration wait = input.ledger.intent_time + kIntentSettled - input.now;
    if (wait > absl::ZeroDuration()) return {.kind = Step::Kind::kWait, .wait = wait};
    number = input.ledger.intent + 1;
  }
  // The ledger keeps whole milliseconds.
  const absl::Time now = absl::FromUnixMillis(absl::ToUnixMillis(input.now));
  return {.kind = Step::Kind::kIntend,
          .ledger = {
              .state = intent_state, .intent = number, .holder = input.holder, .intent_time = now}};
}

}  // namespace

absl::string_view AnswerName(Answer answer) {
  return answer == Answer::kStarted ? "started" : "finished";
}

Step NextStep(const StepInput& input) {
  if (input.memory.stored.has_value()) {
    return {.kind = Step::Kind::kMark, .ledger = Mark(input.answer, *input.memory.stored)};
  }
  if (input.transport == Transport::kHttp) return IntendOrPost(input);
  if (NeedsLook(input)) return {.kind = Step::Kind::kLook};
  return {.kind = Step::Kind::kPublish};
}

}  // namespace jobexec::reporter
