#include "common/rpc/outcome_name.h"

namespace jobexec::rpc {

using jobexecutor::v1::EventOutcome;

absl::string_view OutcomeName(EventOutcome::OutcomeCase outcome) {
  switch (outcome) {
    case EventOutcome::kAccepted:
      return "accepted";
    case EventOutcome::kIgnored:
      return "ignored";
    case EventOutcome::kRejected:
      return "rejected";
    case EventOutcome::kRetry:
    case EventOutcome::OUTCOME_NOT_SET:
      return "retry";
  }
  return "retry";
}

}  // namespace jobexec::rpc
