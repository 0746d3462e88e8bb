#include "intake/answered.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/runs/names.h"
#include "intake/subscriptions.h"

namespace jobexec::intake {
namespace {

// Clocks of the event's maker and of the NATS server may differ by this much.
constexpr absl::Duration kClockSkew = absl::Minutes(10);
// Between two looks into Keptn's event store, and how long the first one is remembered.
constexpr absl::Duration kSecondLook = absl::Seconds(30);
constexpr absl::Duration kRememberLook = absl::Minutes(15);
constexpr size_t kMaxRemembered = 10'000;

// Type of the first answer to a ".triggered" type.
std::string StartedType(absl::string_view triggered) {
  return absl::StrCat(absl::StripSuffix(triggered, ".triggered"), ".started");
}

// The answer cannot be stored before this.
nats::ScanStart LowerBound(const Delivery& delivery) {
  if (delivery.from_sequence != 0) return {.sequence = delivery.from_sequence};
  const std::optional<absl::Time> time = cloudevents::EventTime(delivery.event);
  return {.time = time.has_value() ? *time - kClockSkew : absl::InfinitePast()};
}

// True where no question makes sense: Keptn does not know the event.
bool IsForeign(const keptn::AnswerQuery& query) {
  return query.project.empty() || query.keptn_context.empty();
}

// This Keptn cannot tell.
bool IsMissing(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsUnimplemented(status);
}

}  // namespace

absl::StatusOr<bool> KeptnAnswered::WasAnswered(const Delivery& delivery) {
  const keptn::EventScope scope = ScopeOf(delivery.event);
  const keptn::AnswerQuery query{
      .project = scope.project,
      .stage = scope.stage,
      .keptn_context = cloudevents::Attribute(delivery.event, "shkeptncontext"),
      .triggered_id = delivery.event.id(),
      .type = StartedType(delivery.event.type()),
      .source = source_};
  if (IsForeign(query)) return false;
  const absl::StatusOr<keptn::Counted> counted = keptn::AskController(api_, query);
  if (IsMissing(counted.status())) return AskStore(query);
  RETURN_IF_ERROR(counted.status());
  if (*counted != keptn::Counted::kMoot) return *counted == keptn::Counted::kStored;
  // What others sent need not be part of a sequence; what Keptn offered is.
  if (delivery.via != EventSubmission::VIA_KEPTN) return false;
  return absl::UnavailableError("Keptn offers the event and says that it waits for another one");
}

absl::StatusOr<bool> KeptnAnswered::AskStore(const keptn::AnswerQuery& query) {
  ASSIGN_OR_RETURN(const bool stored, keptn::AskDatastore(api_, query));
  const absl::Duration now = clock_.Elapsed();
  absl::MutexLock lock(&mutex_);
  if (stored) {
    absent_.erase(query.triggered_id);
    return true;
  }
  if (absent_.size() >= kMaxRemembered) {
    absl::erase_if(absent_, [&](const auto& look) { return now - look.second > kRememberLook; });
  }
  if (absent_.size() >= kMaxRemembered) absent_.clear();
  const absl::Duration first = absent_.emplace(query.triggered_id, now).first->second;
  if (now - first < kSecondLook) {
    return absl::UnavailableError(
        "Keptn's event store has no answer of ours; it may lag and is asked once more");
  }
  absent_.erase(query.triggered_id);
  return false;
}

absl::StatusOr<bool> NatsAnswered::WasAnswered(const Delivery& delivery) {
  const std::string id =
      runs::AnswerId(installation_, delivery.event.source(), delivery.event.id(), "started");
  const absl::StatusOr<nats::AnswerIndex::Look> look =
      index_.Find(StartedType(delivery.event.type()), id, LowerBound(delivery));
  const bool no_stream = absl::IsFailedPrecondition(look.status());
  if (!no_stream) {
    RETURN_IF_ERROR(look.status());
    if (look->sequence.has_value()) return true;
    if (look->complete) return false;
  }
  if (fallback_ != nullptr) return fallback_->WasAnswered(delivery);
  if (delivery.from_sequence == 0) return false;
  return absl::UnavailableError("the stream no longer has the time since the event");
}

}  // namespace jobexec::intake
