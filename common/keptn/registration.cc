#include "common/keptn/registration.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"

namespace jobexec::keptn {
namespace {

using Json = nlohmann::json;

std::string TextAt(const Json& object, std::initializer_list<absl::string_view> keys) {
  const Json* value = json::FindPath(object, keys);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

absl::StatusOr<Registration> Read(const Json& record) {
  Registration registration;
  registration.id = json::GetString(record, "id");
  registration.distributor_version = TextAt(record, {"metadata", "distributorversion"});
  const Json* list = json::Find(record, "subscriptions");
  if (list == nullptr) return registration;
  ASSIGN_OR_RETURN(registration.subscriptions, SubscriptionsFromJson(*list));
  return registration;
}

}  // namespace

std::string RegistrationPath(const std::string& integration_id) {
  return absl::StrCat(kRegister, "/", Escape(integration_id));
}

absl::StatusOr<std::optional<Registration>> FindRegistration(Api& api, const std::string& name,
                                                             const std::string& name_space) {
  ASSIGN_OR_RETURN(const Answer answer,
                   api.Send({.path = absl::StrCat(kRegister, "?name=", Escape(name))}));
  const auto list = json::Parse(answer.body);
  if (!list.ok() || !(list->is_array() || list->is_null())) {
    return absl::InternalError("Keptn's list of integrations is no JSON list");
  }
  for (const Json& record : *list) {
    if (json::GetString(record, "name") != name || json::GetString(record, "id").empty() ||
        TextAt(record, {"metadata", "kubernetesmetadata", "namespace"}) != name_space) {
      continue;
    }
    ASSIGN_OR_RETURN(Registration found, Read(record));
    return std::make_optional(std::move(found));
  }
  return std::nullopt;
}

absl::Status PutSubscription(Api& api, const std::string& integration_id,
                             const Subscription& subscription) {
  return api
      .Send({.method = "PUT",
             .path = absl::StrCat(RegistrationPath(integration_id), "/subscription/",
                                  Escape(subscription.id)),
             .body = json::Dump(SubscriptionToJson(subscription))})
      .status();
}

}  // namespace jobexec::keptn
