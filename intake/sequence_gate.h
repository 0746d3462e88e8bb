// On the way to the scheduler: what has to do with sequences that have ended.
#pragma once

#include "intake/scheduler_link.h"
#include "intake/sequence_ends.h"

namespace jobexec::intake {

// A link in front of the link to the scheduler. The end of a sequence (by whatever way it came)
// goes to `ends` instead, and is IGNORED, or RETRY if `ends` wants it again. A .triggered event
// whose sequence has ended is IGNORED. Everything else is submitted. Thread-safe.
class SequenceGate final : public SchedulerLink {
 public:
  // Both must outlive the gate.
  SequenceGate(SequenceEnds& ends, SchedulerLink& link) : ends_(ends), link_(link) {}

  void Submit(EventSubmission submission, Callback done) override;

 private:
  SequenceEnds& ends_;
  SchedulerLink& link_;
};

}  // namespace jobexec::intake
