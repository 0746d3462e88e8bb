#include "intake/uniform.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/hash.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/keptn/api_error.h"
#include "common/telemetry/log.h"

namespace jobexec::intake {
namespace {

using keptn::Subscription;

constexpr char kTopicsMark[] = "topics.";
constexpr size_t kDigestDigits = 8;
// A heartbeat comes up to a tenth earlier, so that replicas spread.
constexpr double kEarliest = 0.9;

std::string Digest(const std::vector<Subscription>& configured) {
  std::vector<std::string> topics;
  topics.reserve(configured.size());
  for (const Subscription& subscription : configured) topics.push_back(subscription.event);
  std::sort(topics.begin(), topics.end());
  return Sha256Hex(absl::StrJoin(topics, "\n")).substr(0, kDigestDigits);
}

// "0.15.0" with what is remembered: "0.15.0+topics.0f1e2d3c".
std::string WithDigest(const std::string& version, const std::string& digest) {
  return absl::StrCat(version, "+", kTopicsMark, digest);
}

// What a record remembers; nothing if no jobexec has registered with it.
std::optional<std::string> DigestOf(const std::string& version) {
  const std::vector<std::string> parts = absl::StrSplit(version, absl::MaxSplits('+', 1));
  absl::string_view metadata = parts.back();
  if (parts.size() != 2 || !absl::ConsumePrefix(&metadata, kTopicsMark)) return std::nullopt;
  return std::string(metadata);
}

bool IsMentioned(const std::string& event, const std::vector<Subscription>& list) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Subscription& other) { return other.event == event; });
}

std::string EventsOf(const std::vector<Subscription>& list) {
  return absl::StrJoin(list, ",", [](std::string* out, const Subscription& subscription) {
    out->append(subscription.event);
  });
}

// Ids that every replica gives to the same topic.
UniformAgent::Options Prepared(UniformAgent::Options options) {
  keptn::Integration& self = options.integration;
  for (Subscription& subscription : options.configured) {
    subscription.id =
        UuidV5(LengthPrefixed({"subscription", self.name, self.name_space, subscription.event}));
  }
  self.distributor_version = WithDigest(self.distributor_version, Digest(options.configured));
  return options;
}

}  // namespace

UniformAgent::UniformAgent(Options options, keptn::Api& api, Subscriptions& subscriptions,
                           Clock& clock, Metrics& metrics)
    : options_(Prepared(std::move(options))),
      api_(api),
      subscriptions_(subscriptions),
      clock_(clock),
      metrics_(metrics),
      condition_("registration with Keptn", absl::UnavailableError("not registered yet")),
      backoff_(options_.first_backoff, options_.longest_backoff) {}

void UniformAgent::Run(const absl::Notification& stop) {
  absl::Duration delay;
  while (!clock_.WaitOrStop(stop, delay)) {
    const absl::Status beat = Beat();
    metrics_.CountHeartbeat(beat.ok());
    condition_.Set(beat);
    delay = DelayAfter(beat);
  }
}

absl::Duration UniformAgent::DelayAfter(const absl::Status& beat) {
  if (beat.ok()) {
    backoff_.Reset();
    return options_.heartbeat * absl::Uniform(random_, kEarliest, 1.0);
  }
  return std::max(backoff_.Next(), keptn::WantedPause(beat));
}

absl::Status UniformAgent::Beat() {
  if (id_.empty()) RETURN_IF_ERROR(Register());
  auto list = keptn::Ping(api_, id_);
  if (absl::IsNotFound(list.status())) {
    log::Warning("Keptn has forgotten this integration: registering again", {{"id", id_}});
    RETURN_IF_ERROR(Register());
    list = keptn::Ping(api_, id_);
  }
  RETURN_IF_ERROR(list.status());
  Apply(*list);
  return absl::OkStatus();
}

absl::Status UniformAgent::Register() {
  id_.clear();
  ASSIGN_OR_RETURN(const Plan plan, MakePlan());
  for (const Subscription& subscription : plan.additions) {
    RETURN_IF_ERROR(keptn::PutSubscription(api_, plan.add_to, subscription));
    log::Info("subscription added", {{"event", subscription.event}});
  }
  ASSIGN_OR_RETURN(id_, keptn::Register(api_, options_.integration, plan.register_with));
  log::Info("registered with Keptn", {{"id", id_},
                                      {"name", options_.integration.name},
                                      {"namespace", options_.integration.name_space}});
  return absl::OkStatus();
}

absl::StatusOr<UniformAgent::Plan> UniformAgent::MakePlan() {
  const auto known = subscriptions_.Get();
  if (known->known) return Plan{.register_with = known->list};
  const auto record =
      keptn::FindRegistration(api_, options_.integration.name, options_.integration.name_space);
  if (IsTransient(record.status())) return record.status();
  // Not allowed to read, only to register: Keptn leaves a known record as it is.
  if (!record.ok() || !record->has_value()) return Plan{.register_with = options_.configured};
  return PlanFor(**record);
}

UniformAgent::Plan UniformAgent::PlanFor(const keptn::Registration& record) const {
  Plan plan{.add_to = record.id};
  const std::optional<std::string> applied = DigestOf(record.distributor_version);
  if (!applied && record.subscriptions.empty()) {
    plan.register_with = options_.configured;
    return plan;
  }
  std::vector<Subscription> missing;
  for (const Subscription& subscription : options_.configured) {
    if (!IsMentioned(subscription.event, record.subscriptions)) missing.push_back(subscription);
  }
  if (applied && *applied != Digest(options_.configured)) {
    plan.additions = std::move(missing);
  } else if (!missing.empty()) {
    log::Warning("topics of PUBSUB_TOPIC are not subscribed in Keptn's record, which is left so",
                 {{"topics", EventsOf(missing)}});
  }
  return plan;
}

void UniformAgent::Apply(const std::vector<Subscription>& list) {
  metrics_.SetSubscriptions(list.size());
  if (!subscriptions_.Set(id_, list)) return;
  log::Info("subscriptions", {{"count", absl::StrCat(list.size())}, {"events", EventsOf(list)}});
}

}  // namespace jobexec::intake
