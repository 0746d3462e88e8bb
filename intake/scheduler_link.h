// The way from intake to a scheduler.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "jobexecutor/v1/event.pb.h"

namespace jobexec::intake {

using ::jobexecutor::v1::EventOutcome;
using ::jobexecutor::v1::EventSubmission;

// Takes submissions and answers each exactly once. Thread-safe.
class SchedulerLink {
 public:
  // Called exactly once per submission, without locks, on any thread or inside of Submit; must not
  // block. Every failure on the way (no scheduler, broken stream, deadline passed, stopping, no
  // room) arrives as a RETRY outcome; an outcome is always set.
  using Callback = absl::AnyInvocable<void(EventOutcome) &&>;

  virtual ~SchedulerLink() = default;

  // Hands `submission` to a scheduler, again and again if need be, until it is decided or its
  // deadline has passed. The deadline must be set; the sequence number is the link's own. Never
  // blocks. Submitting an event again is safe: the scheduler runs it once.
  virtual void Submit(EventSubmission submission, Callback done) = 0;
};

// A RETRY outcome; `delay` > 0.
EventOutcome RetryOutcome(absl::Duration delay, absl::string_view reason);

}  // namespace jobexec::intake
