// What sources tell of sequences that have ended, and ask about them.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "common/cloudevents/event.h"

namespace jobexec::intake {

// Before an end is handed over again that could not be handled.
inline constexpr absl::Duration kEndDelay = absl::Seconds(5);

// Thread-safe.
class SequenceEnds {
 public:
  // Called exactly once, on any thread or inside of Finished; must not block. True: what is to be
  // done for the end is done (or nothing is), the source may forget it; false: hand it over again.
  using Done = absl::AnyInvocable<void(bool) &&>;

  virtual ~SequenceEnds() = default;

  // Takes a valid event of type sh.keptn.event.<stage>.<sequence>.finished. Does not block.
  // Idempotent: sources repeat themselves.
  virtual void Finished(cloudevents::Event event, Done done) = 0;

  // True if the sequence of this .triggered event is known to have ended after the event was sent:
  // nothing may run for it any more. Does not block.
  virtual bool HasEnded(const cloudevents::Event& triggered) const = 0;
};

}  // namespace jobexec::intake
