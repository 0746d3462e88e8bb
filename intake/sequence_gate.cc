#include "intake/sequence_gate.h"

#include <string>
#include <utility>

#include "common/runs/event_facts.h"
#include "intake/sequence_end.h"

namespace jobexec::intake {
namespace {

EventOutcome Ignored(absl::string_view reason) {
  EventOutcome outcome;
  outcome.mutable_ignored()->set_reason(std::string(reason));
  return outcome;
}

}  // namespace

void SequenceGate::Submit(EventSubmission submission, Callback done) {
  const cloudevents::Event& event = submission.event();
  if (IsSequenceEnd(event.type())) {
    return ends_.Finished(
        std::move(*submission.mutable_event()), [done = std::move(done)](bool is_done) mutable {
          std::move(done)(is_done ? Ignored("tells that a sequence has ended: nothing runs for it")
                                  : RetryOutcome(kEndDelay,
                                                 "what the sequence left behind could "
                                                 "not be cancelled"));
        });
  }
  if (runs::IsTriggered(event.type()) && ends_.HasEnded(event)) {
    return std::move(done)(Ignored("its sequence has ended: it was aborted, timed out or failed"));
  }
  link_.Submit(std::move(submission), std::move(done));
}

}  // namespace jobexec::intake
