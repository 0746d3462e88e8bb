#include "common/keptn/subscription.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/json/json.h"

namespace jobexec::keptn {
namespace {

using Json = nlohmann::json;

bool Takes(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// The strings of a list; anything else is left out.
std::vector<std::string> Strings(const Json& object, absl::string_view key) {
  std::vector<std::string> strings;
  const Json* list = json::Find(object, key);
  if (list == nullptr || !list->is_array()) return strings;
  for (const Json& entry : *list) {
    if (entry.is_string()) strings.push_back(entry.get<std::string>());
  }
  return strings;
}

}  // namespace

bool SubjectMatches(absl::string_view pattern, absl::string_view type) {
  const std::vector<absl::string_view> wanted = absl::StrSplit(pattern, '.');
  const std::vector<absl::string_view> tokens = absl::StrSplit(type, '.');
  const bool is_open = wanted.back() == ">";
  if (is_open ? tokens.size() < wanted.size() : tokens.size() != wanted.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (tokens[i].empty()) return false;
    const bool is_last = i + 1 == wanted.size();
    if (wanted[i] != tokens[i] && wanted[i] != "*" && !(is_last && is_open)) return false;
  }
  return true;
}

bool Matches(const Subscription& subscription, absl::string_view type, const EventScope& scope) {
  const SubscriptionFilter& filter = subscription.filter;
  return SubjectMatches(subscription.event, type) && Takes(filter.projects, scope.project) &&
         Takes(filter.stages, scope.stage) && Takes(filter.services, scope.service);
}

const Subscription* FindMatch(const std::vector<Subscription>& subscriptions,
                              absl::string_view type, const EventScope& scope) {
  for (const Subscription& subscription : subscriptions) {
    if (Matches(subscription, type, scope)) return &subscription;
  }
  return nullptr;
}

absl::StatusOr<std::vector<Subscription>> SubscriptionsFromJson(const Json& list) {
  std::vector<Subscription> subscriptions;
  if (list.is_null()) return subscriptions;
  if (!list.is_array()) {
    return absl::InternalError(
        absl::StrCat("Keptn's subscriptions are a JSON ", list.type_name(), ", expected a list"));
  }
  const Json no_filter;
  for (const Json& entry : list) {
    const Json* filter = json::Find(entry, "filter");
    if (filter == nullptr) filter = &no_filter;
    Subscription subscription = {
        json::GetString(entry, "id"),
        json::GetString(entry, "event"),
        {Strings(*filter, "projects"), Strings(*filter, "stages"), Strings(*filter, "services")}};
    if (!subscription.event.empty()) subscriptions.push_back(std::move(subscription));
  }
  return subscriptions;
}

Json SubscriptionToJson(const Subscription& subscription) {
  return {{"id", subscription.id},
          {"event", subscription.event},
          {"filter",
           {{"projects", Json(subscription.filter.projects)},
            {"stages", Json(subscription.filter.stages)},
            {"services", Json(subscription.filter.services)}}}};
}

Json SubscriptionsToJson(const std::vector<Subscription>& subscriptions) {
  Json list = Json::array();
  for (const Subscription& subscription : subscriptions) {
    list.push_back(SubscriptionToJson(subscription));
  }
  return list;
}

}  // namespace jobexec::keptn
