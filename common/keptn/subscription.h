// What this installation wants from Keptn. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace jobexec::keptn {

// Each list that is not empty must hold the event's value; case-sensitive.
struct SubscriptionFilter {
  std::vector<std::string> projects;
  std::vector<std::string> stages;
  std::vector<std::string> services;

  bool operator==(const SubscriptionFilter&) const = default;
};

struct Subscription {
  std::string id;     // Keptn's; empty before registration
  std::string event;  // a type; over NATS also with the wildcards '*' and '>'
  SubscriptionFilter filter;

  bool operator==(const Subscription&) const = default;
};

// Where an event belongs, as far as Keptn filters by it.
struct EventScope {
  std::string project;
  std::string stage;
  std::string service;
};

// True if the subject pattern (NATS: '*' one token, '>' one or more at the end) takes `type`.
bool SubjectMatches(absl::string_view pattern, absl::string_view type);

bool Matches(const Subscription& subscription, absl::string_view type, const EventScope& scope);

// The first that matches, null if none does: overlapping ones deliver an event once.
const Subscription* FindMatch(const std::vector<Subscription>& subscriptions,
                              absl::string_view type, const EventScope& scope);

// Keptn's JSON. Null and absent lists are empty. An entry without an event is left out: Keptn
// stores such, they match nothing, and must not hide the others. INTERNAL if `list` is no list.
absl::StatusOr<std::vector<Subscription>> SubscriptionsFromJson(const nlohmann::json& list);

// All lists are written, never null.
nlohmann::json SubscriptionsToJson(const std::vector<Subscription>& subscriptions);
nlohmann::json SubscriptionToJson(const Subscription& subscription);

}  // namespace jobexec::keptn
