#include "reporter/keptn_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/backoff.h"
#include "common/keptn/api_error.h"
#include "common/telemetry/log.h"
#include "reporter/answers.h"
#include "reporter/next_actions.h"
#include "reporter/patches.h"

namespace jobexec::reporter {
namespace {

using runs::Ledger;

constexpr absl::Duration kFirstPostRetry = absl::Seconds(1);
constexpr absl::Duration kLongestPostRetry = absl::Minutes(1);
constexpr absl::Duration kPatchTimeout = absl::Seconds(10);
constexpr size_t kPartsOfTaskType = 5;

// Name of Keptn's task, or the whole type of what is none.
std::string TaskOf(const std::string& type) {
  const std::vector<std::string> parts = absl::StrSplit(type, '.');
  return parts.size() == kPartsOfTaskType ? parts[kPartsOfTaskType - 2] : type;
}

// Keptn would refuse the entry again.
bool IsFinal(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status);
}

}  // namespace

bool WantsErrorReport(const EventState& state) {
  return !state.anchor->record.facts.integration_id.empty() && StatusOf(state) == "errored";
}

bool OwesErrorReport(const EventState& state) {
  const runs::JobRecord& record = state.anchor->record;
  if (record.ledger.state == Ledger::State::kFinished) return record.error_log == kErrorLogOwed;
  return record.ledger.state == Ledger::State::kNone && record.error_log.empty() &&
         AnswerIsDue(state) && WantsErrorReport(state);
}

ErrorReport MakeErrorReport(const EventState& state, std::string text, absl::Time now) {
  const runs::JobRecord& record = state.anchor->record;
  const runs::EventFacts& facts = record.facts;
  return {.entry = {.integration_id = facts.integration_id,
                    .message = std::move(text),
                    .time = now,
                    .keptn_context = facts.keptn_context,
                    .task = TaskOf(facts.type),
                    .triggered_id = facts.id,
                    .commit = facts.commit},
          .name_space = record.name_space,
          .job = record.name,
          .uid = record.uid};
}

void KeptnLog::Run(const absl::Notification& stop) {
  while (std::optional<ErrorReport> report = queue_.Pop()) {
    if (stop.HasBeenNotified()) return;
    Post(*report, stop);
  }
}

void KeptnLog::Post(const ErrorReport& report, const absl::Notification& stop) {
  Backoff backoff(kFirstPostRetry, kLongestPostRetry);
  while (parts_.may_act()) {
    const absl::Status status = keptn::PostLog(parts_.api, {report.entry});
    if (status.ok()) return NoteFate(report, kErrorLogPosted);
    if (IsFinal(status)) {
      log::Warning("Keptn refuses an entry of its error log",
                   {{"event_id", report.entry.triggered_id}, {"error", status.ToString()}});
      return NoteFate(report, kErrorLogRefused);
    }
    const absl::Duration delay = std::max(backoff.Next(), keptn::WantedPause(status));
    log::Warning("will try again", {{"what", "posting to Keptn's error log"},
                                    {"event_id", report.entry.triggered_id},
                                    {"after", absl::FormatDuration(delay)},
                                    {"error", status.ToString()}});
    if (parts_.clock.WaitOrStop(stop, delay)) return;
  }
}

// If this fails, the next process posts the entry again.
void KeptnLog::NoteFate(const ErrorReport& report, absl::string_view state) {
  parts_.metrics.CountErrorReport(state);
  if (!parts_.may_act()) return;
  const absl::Status status = parts_.kube
                                  .Patch(kube::Jobs(report.name_space), report.job,
                                         ErrorLogPatch(report.uid, state), kPatchTimeout)
                                  .status();
  if (status.ok() || absl::IsNotFound(status)) return;
  log::Warning("an entry of Keptn's error log may be posted again",
               {{"event_id", report.entry.triggered_id}, {"error", status.ToString()}});
}

}  // namespace jobexec::reporter
