#include "reporter/keptn_publisher.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/keptn/events.h"

namespace jobexec::reporter {
namespace {

constexpr absl::Duration kProbeTimeout = absl::Seconds(5);

// The controller may have an answer later. An answer that makes no sense is none.
bool IsAway(const absl::Status& status) { return IsTransient(status) && !absl::IsInternal(status); }

Finding FindingOf(keptn::Counted counted) {
  switch (counted) {
    case keptn::Counted::kStored:
      return {.kind = Finding::Kind::kStored};
    case keptn::Counted::kAbsent:
      return {.kind = Finding::Kind::kAbsent};
    case keptn::Counted::kMoot:
      return {.kind = Finding::Kind::kMoot};
  }
  return {};
}

}  // namespace

absl::StatusOr<Receipt> KeptnPublisher::Publish(const cloudevents::Event& event) {
  RETURN_IF_ERROR(keptn::PostEvent(api_, event));
  return Receipt{};
}

absl::StatusOr<Finding> KeptnPublisher::Find(const Wanted& wanted) {
  return AskKeptn(api_, wanted);
}

void KeptnPublisher::Probe() {
  // What it answers does not matter: the API remembers how calls went.
  (void)api_.Send(
      {.service = keptn::Service::kApi, .path = "/v1/metadata", .timeout = kProbeTimeout});
}

absl::StatusOr<Finding> AskKeptn(keptn::Api& api, const Wanted& wanted) {
  const runs::EventFacts& facts = wanted.facts;
  // No task of Keptn's, then.
  if (facts.keptn_context.empty() || facts.project.empty()) {
    return Finding{.kind = Finding::Kind::kMoot};
  }
  const keptn::AnswerQuery query = {.project = facts.project,
                                    .stage = facts.stage,
                                    .keptn_context = facts.keptn_context,
                                    .triggered_id = facts.id,
                                    .type = wanted.type,
                                    .source = wanted.source};
  const absl::StatusOr<keptn::Counted> counted = keptn::AskController(api, query);
  if (counted.ok()) return FindingOf(*counted);
  const absl::StatusOr<bool> stored = keptn::AskDatastore(api, query);
  if (stored.ok() && *stored) return Finding{.kind = Finding::Kind::kStored};
  // The event store loses events: its word that there is none counts only if the controller's own
  // is not to be had at all.
  if (IsAway(counted.status())) return counted.status();
  if (stored.ok()) return Finding{.kind = Finding::Kind::kAbsent, .from_event_store = true};
  return Annotate(counted.status(), absl::StrCat("the event store cannot be asked either (",
                                                 stored.status().message(), ")"));
}

}  // namespace jobexec::reporter
