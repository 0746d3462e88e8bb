#include "intake/ended_sequences.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/rpc/time.h"
#include "common/telemetry/log.h"

namespace jobexec::intake {
namespace {

using ::jobexecutor::v1::CancelledEvent;

std::string Describe(const SequenceEnd& end) {
  return absl::StrCat("sequence ", end.sequence, " of ", end.scope.project, "/", end.scope.stage,
                      "/", end.scope.service, " has ended (status ", end.status, ", result ",
                      end.result, ")");
}

CancelRunsRequest RequestFor(const SequenceEnd& end) {
  CancelRunsRequest request;
  auto& sequence = *request.mutable_sequence();
  sequence.set_keptn_context(end.keptn_context);
  sequence.set_project(end.scope.project);
  sequence.set_stage(end.scope.stage);
  sequence.set_service(end.scope.service);
  *sequence.mutable_before() = rpc::ToWire(end.time);
  sequence.set_include_silent(end.Aborted());
  request.set_requested_by("Keptn");
  request.set_reason(Describe(end));
  return request;
}

int CountMarked(const CancelRunsResponse& response) {
  return static_cast<int>(std::count_if(
      response.events().begin(), response.events().end(),
      [](const CancelledEvent& event) { return event.result() == CancelledEvent::RESULT_MARKED; }));
}

bool Covers(const SequenceEnd& end, const keptn::EventScope& scope, absl::Time time) {
  return end.scope.project == scope.project && end.scope.stage == scope.stage &&
         end.scope.service == scope.service && time < end.time;
}

}  // namespace

EndedSequences::EndedSequences(Options options, RunCanceller& canceller, Clock& clock,
                               Metrics& metrics)
    : options_(std::move(options)), canceller_(canceller), clock_(clock), metrics_(metrics) {}

void EndedSequences::Finished(cloudevents::Event event, Done done) {
  const auto end = ReadSequenceEnd(event);
  if (!end.ok()) {
    log::Warning("the end of a sequence cannot be read",
                 {{"event_id", event.id()},
                  {"event_type", event.type()},
                  {"error", std::string(end.status().message())}});
    return std::move(done)(true);
  }
  if (!end->IsEarly() || Keep(*end)) return std::move(done)(true);
  Cancel(*end, std::move(done));
}

bool EndedSequences::HasEnded(const cloudevents::Event& triggered) const {
  const std::string context = cloudevents::Attribute(triggered, "shkeptncontext");
  {
    absl::MutexLock lock(&mutex_);
    if (!contexts_.contains(context)) return false;
  }
  const std::optional<absl::Time> time = cloudevents::EventTime(triggered);
  if (!time) return false;
  const keptn::EventScope scope = ScopeOf(triggered);
  const absl::Duration now = clock_.Elapsed();
  absl::MutexLock lock(&mutex_);
  return std::any_of(kept_.begin(), kept_.end(), [&](const Kept& kept) {
    return kept.end.keptn_context == context && now - kept.since < options_.keep &&
           Covers(kept.end, scope, *time);
  });
}

void EndedSequences::Run(const absl::Notification& stop) {
  while (!clock_.WaitOrStop(stop, options_.tick)) {
    for (const SequenceEnd& end : TakeDueRepeats()) Cancel(end, [](bool /*is_done*/) {});
  }
}

bool EndedSequences::Keep(const SequenceEnd& end) {
  absl::MutexLock lock(&mutex_);
  ForgetOldLocked();
  if (const Kept* known = FindLocked(end)) return known->cancelled;
  kept_.push_back({.end = end, .since = clock_.Elapsed()});
  ++contexts_[end.keptn_context];
  return false;
}

void EndedSequences::ForgetOldLocked() {
  const absl::Duration now = clock_.Elapsed();
  while (!kept_.empty() &&
         (kept_.size() >= options_.max_kept || now - kept_.front().since >= options_.keep)) {
    const auto context = contexts_.find(kept_.front().end.keptn_context);
    if (--context->second == 0) contexts_.erase(context);
    kept_.pop_front();
  }
}

EndedSequences::Kept* EndedSequences::FindLocked(const SequenceEnd& end) {
  if (!contexts_.contains(end.keptn_context)) return nullptr;
  const auto found = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const Kept& kept) { return kept.end.IsSame(end); });
  return found == kept_.end() ? nullptr : &*found;
}

void EndedSequences::Cancel(const SequenceEnd& end, Done done) {
  canceller_.Cancel(RequestFor(end),
                    [this, end, done = std::move(done)](
                        const absl::StatusOr<CancelRunsResponse>& response) mutable {
                      std::move(done)(OnCancelled(end, response));
                    });
}

bool EndedSequences::OnCancelled(const SequenceEnd& end,
                                 const absl::StatusOr<CancelRunsResponse>& response) {
  // Nothing of the sequence is in the cluster.
  const bool nothing = absl::IsNotFound(response.status());
  if (!response.ok() && !nothing) {
    metrics_.CountSequenceEnd("failed");
    log::Warning("cancelling what a sequence left behind failed",
                 {{"keptn_context", end.keptn_context},
                  {"sequence", end.sequence},
                  {"error", std::string(response.status().message())}});
    // What will fail again would only go round and round.
    return !IsTransient(response.status());
  }
  const int marked = nothing ? 0 : CountMarked(*response);
  metrics_.CountSequenceEnd(marked > 0 ? "cancelled" : "nothing");
  if (marked > 0) {
    log::Info("cancelled what a sequence left behind", {{"keptn_context", end.keptn_context},
                                                        {"sequence", end.sequence},
                                                        {"events", absl::StrCat(marked)},
                                                        {"reason", Describe(end)}});
  }
  absl::MutexLock lock(&mutex_);
  if (Kept* kept = FindLocked(end)) kept->cancelled = true;
  return true;
}

std::vector<SequenceEnd> EndedSequences::TakeDueRepeats() {
  const absl::Duration now = clock_.Elapsed();
  std::vector<SequenceEnd> due;
  absl::MutexLock lock(&mutex_);
  for (Kept& kept : kept_) {
    if (kept.repeated >= options_.repeats.size()) continue;
    if (now - kept.since < options_.repeats[kept.repeated]) continue;
    ++kept.repeated;
    due.push_back(kept.end);
  }
  return due;
}

}  // namespace jobexec::intake
