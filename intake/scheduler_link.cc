#include "intake/scheduler_link.h"

#include <string>

#include "common/rpc/time.h"

namespace jobexec::intake {

EventOutcome RetryOutcome(absl::Duration delay, absl::string_view reason) {
  EventOutcome outcome;
  outcome.mutable_retry()->set_reason(std::string(reason));
  *outcome.mutable_retry()->mutable_delay() = rpc::ToWire(delay);
  return outcome;
}

}  // namespace jobexec::intake
