#include "scheduler/outcomes.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/rpc/time.h"

namespace jobexec::scheduler {

using jobexecutor::v1::EventOutcome;

EventOutcome Accepted(const std::vector<runs::ManifestEntry>& manifest, bool already_known) {
  EventOutcome outcome;
  auto& accepted = *outcome.mutable_accepted();
  accepted.set_already_known(already_known);
  for (const runs::ManifestEntry& entry : manifest) {
    if (entry.action >= accepted.runs_size()) accepted.add_runs();
    auto& run = *accepted.mutable_runs(accepted.runs_size() - 1);
    run.set_action(entry.action_name);
    run.set_silent(entry.silent);
    if (!entry.job.empty()) run.add_jobs(absl::StrCat(entry.name_space, "/", entry.job));
  }
  return outcome;
}

EventOutcome Ignored(absl::string_view reason) {
  EventOutcome outcome;
  outcome.mutable_ignored()->set_reason(std::string(reason));
  return outcome;
}

EventOutcome Rejected(const runs::Refusal& refusal, bool recorded) {
  EventOutcome outcome;
  auto& rejected = *outcome.mutable_rejected();
  rejected.set_code(refusal.code);
  rejected.set_reason(refusal.reason);
  rejected.set_message(refusal.message);
  rejected.set_recorded(recorded);
  return outcome;
}

EventOutcome Rejected(const absl::Status& status) {
  return Rejected({.code = static_cast<int>(status.code()),
                   .reason = GetReason(status),
                   .message = std::string(status.message())},
                  /*recorded=*/false);
}

EventOutcome RetryLater(absl::Duration delay, absl::string_view reason) {
  EventOutcome outcome;
  auto& retry = *outcome.mutable_retry();
  *retry.mutable_delay() = rpc::ToWire(delay);
  retry.set_reason(std::string(reason));
  return outcome;
}

}  // namespace jobexec::scheduler
