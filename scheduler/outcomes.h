// The outcomes of a submission as messages. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/runs/schema.h"
#include "jobexecutor/v1/event.pb.h"

namespace jobexec::scheduler {

jobexecutor::v1::EventOutcome Accepted(const std::vector<runs::ManifestEntry>& manifest,
                                       bool already_known);
jobexecutor::v1::EventOutcome Ignored(absl::string_view reason);
jobexecutor::v1::EventOutcome Rejected(const runs::Refusal& refusal, bool recorded);
// Takes the code, the reason and the message of the status.
jobexecutor::v1::EventOutcome Rejected(const absl::Status& status);
jobexecutor::v1::EventOutcome RetryLater(absl::Duration delay, absl::string_view reason);

}  // namespace jobexec::scheduler
