#include "common/keptn/uniform.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/hash.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/keptn/registration.h"

namespace jobexec::keptn {
namespace {

using Json = nlohmann::json;

Json ToJson(const Integration& integration) {
  return {{"hostname", integration.hostname},
          {"integrationversion", integration.version},
          {"distributorversion", integration.distributor_version},
          {"location", integration.location},
          {"kubernetesmetadata",
           {{"namespace", integration.name_space},
            {"podname", integration.pod},
            {"deploymentname", integration.deployment}}},
          {"lastseen", "0001-01-01T00:00:00Z"}};
}

std::string IdOf(const Integration& integration, const Subscription& subscription) {
  const SubscriptionFilter& filter = subscription.filter;
  return UuidV5(
      LengthPrefixed({integration.name, integration.name_space, subscription.event,
                      absl::StrJoin(filter.projects, ","), absl::StrJoin(filter.stages, ","),
                      absl::StrJoin(filter.services, ",")}));
}

absl::Status CheckIdentity(const Integration& integration) {
  if (!integration.name.empty() && !integration.name_space.empty() &&
      !integration.hostname.empty()) {
    return absl::OkStatus();
  }
  absl::Status error = absl::InvalidArgumentError(
      "registering with Keptn needs the integration's name, namespace and node "
      "(K8S_DEPLOYMENT_NAME, K8S_NAMESPACE, K8S_NODE_NAME)");
  SetReason(error, "NOT_SENT");
  return error;
}

// The id that a call made.
absl::StatusOr<std::string> SendForId(Api& api, const Call& call) {
  ASSIGN_OR_RETURN(const Json answer, SendForJson(api, call));
  std::string id = json::GetString(answer, "id");
  if (!id.empty()) return id;
  return absl::InternalError(absl::StrCat(call.path, ": Keptn's answer has no id"));
}

}  // namespace

absl::StatusOr<std::string> Register(Api& api, const Integration& integration,
                                     const std::vector<Subscription>& subscriptions) {
  RETURN_IF_ERROR(CheckIdentity(integration));
  std::vector<Subscription> named = subscriptions;
  for (Subscription& subscription : named) {
    if (subscription.id.empty()) subscription.id = IdOf(integration, subscription);
  }
  const Json body = {{"id", ""},
                     {"name", integration.name},
                     {"metadata", ToJson(integration)},
                     {"subscriptions", SubscriptionsToJson(named)}};
  return SendForId(api, {.method = "POST", .path = kRegister, .body = json::Dump(body)});
}

absl::StatusOr<std::vector<Subscription>> Ping(Api& api, const std::string& integration_id) {
  ASSIGN_OR_RETURN(
      const Json record,
      SendForJson(
          api, {.method = "PUT", .path = absl::StrCat(RegistrationPath(integration_id), "/ping")}));
  const Json* list = json::Find(record, "subscriptions");
  return SubscriptionsFromJson(list == nullptr ? Json() : *list);
}

}  // namespace jobexec::keptn
