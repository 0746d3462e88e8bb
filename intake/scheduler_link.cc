#include "intake/scheduler_link.h"

#include <string>

namespace jobexec::intake {

EventOutcome RetryOutcome(absl::Duration delay, absl::string_view reason) {
  EventOutcome outcome;
  outcome.mutable_retry()->set_reason(std::string(reason));
  auto& wire = *outcome.mutable_retry()->mutable_delay();
  wire.set_seconds(absl::IDivDuration(delay, absl::Seconds(1), &delay));
  wire.set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(delay)));
  return outcome;
}

}  // namespace jobexec::intake
