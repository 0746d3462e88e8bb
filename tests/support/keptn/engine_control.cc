// Engine: what people and time do to sequences.
#include "absl/strings/str_cat.h"
#include "common/json/json.h"
#include "tests/support/keptn/engine.h"
#include "tests/support/keptn/ids.h"

namespace jobexec::test_keptn {

Publications Engine::Steer(const std::string& project, const std::string& context,
                           const std::string& stage, Control control) {
  Publications out;
  absl::MutexLock lock(&mutex_);
  if (control == Control::kPause) paused_contexts_.insert(context);
  if (control == Control::kResume) paused_contexts_.erase(context);
  const std::vector<Execution*> steered = FindSteeredLocked(project, context, stage);
  // First, so that none of them starts because another one has made room.
  if (control == Control::kAbort) {
    for (Execution* each : steered) std::erase(waiting_, each);
  }
  for (Execution* each : steered) {
    switch (control) {
      case Control::kAbort:
        states_.SetOverall(context, "aborted");
        EndLocked(*each, {.outcome = {.result = "pass", .status = "aborted"}}, out);
        break;
      case Control::kPause:
        PauseLocked(*each);
        break;
      case Control::kResume:
        ResumeLocked(*each, out);
        break;
    }
  }
  return out;
}

std::vector<Execution*> Engine::FindSteeredLocked(const std::string& project,
                                                  const std::string& context,
                                                  const std::string& stage) {
  std::vector<Execution*> found;
  const auto of_context = by_context_.find(context);
  if (of_context == by_context_.end()) return found;
  for (Execution* each : of_context->second) {
    if (each->ended() || each->scope.project != project) continue;
    if (stage.empty() || each->scope.stage == stage) found.push_back(each);
  }
  return found;
}

void Engine::PauseLocked(Execution& execution) {
  if (execution.state != State::kStarted && execution.state != State::kTriggered) return;
  execution.state_before_pause = execution.state;
  SetStateLocked(execution, State::kPaused);
  states_.SetOverall(execution.context, "paused");
}

// A sequence that another one of its scope has overtaken meanwhile goes on beside it, as in the
// original; only its offers wait.
void Engine::ResumeLocked(Execution& execution, Publications& out) {
  if (execution.state != State::kPaused) return;
  if (execution.state_before_pause == State::kStarted && running_.contains(execution.scope)) {
    execution.state = State::kStarted;
  } else {
    SetStateLocked(execution, execution.state_before_pause);
  }
  states_.SetOverall(execution.context, "started");
  StartIfFreeLocked(execution, out);
  SendDueLocked(out);
}

Publications Engine::Tick() {
  Publications out;
  absl::MutexLock lock(&mutex_);
  SendDueLocked(out);
  StartWaitingLocked(out);
  const absl::Time now = clock_.TimeNow();
  if (now >= next_watch_) {
    next_watch_ = now + options_.watch_interval;
    EndUnansweredLocked(out);
  }
  return out;
}

// What was queued is sent with the time of sending and without a content type.
void Engine::SendDueLocked(Publications& out) {
  const absl::Time now = clock_.TimeNow();
  const std::set<std::string> unsent = unsent_;
  for (const std::string& id : unsent) {
    Offer& offer = offers_.at(id);
    if (offer.time > now || !MaySendLocked(offer)) continue;
    offer.sent = true;
    unsent_.erase(id);
    nlohmann::json event = offer.event;
    event["time"] = FormatTimestamp(now);
    event.erase("datacontenttype");
    out.push_back(std::move(event));
  }
}

void Engine::EndUnansweredLocked(Publications& out) {
  const absl::Time oldest = clock_.TimeNow() - options_.started_wait;
  std::vector<Execution*> unanswered;
  for (const auto& [id, offer] : offers_) {
    if (offer.sent && offer.time < oldest && !neighbours_.is_answered(id)) {
      unanswered.push_back(offer.execution);
    }
  }
  for (Execution* each : unanswered) {
    const std::string message =
        absl::StrCat("sequence timed out while waiting for task ",
                     TaskEventType(each->current->name, "triggered"),
                     " to receive a correlating .started or .finished event");
    states_.SetOverall(each->context, "timedOut");
    EndLocked(*each,
              {.outcome = {.result = "fail", .status = "errored"},
               .message = message,
               .state = State::kTimedOut},
              out);
  }
}

}  // namespace jobexec::test_keptn
