// The outcome of a submission as one word, for logs, metrics and answers.
#pragma once

#include "absl/strings/string_view.h"
#include "jobexecutor/v1/event.pb.h"

namespace jobexec::rpc {

// "accepted", "ignored", "rejected" or "retry"; an outcome that is not set is no decision: "retry".
absl::string_view OutcomeName(jobexecutor::v1::EventOutcome::OutcomeCase outcome);

}  // namespace jobexec::rpc
