#include "tests/support/keptn/registry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "tests/support/keptn/ids.h"

namespace jobexec::test_keptn {
namespace {

constexpr absl::string_view kTextMembers[] = {"id", "name"};
constexpr absl::string_view kTextMetadata[] = {"hostname", "integrationversion",
                                               "distributorversion", "location"};
constexpr absl::string_view kKubernetesMetadata[] = {"namespace", "podname", "deploymentname"};

absl::Status NoIntegration(const std::string& id) {
  return absl::NotFoundError(absl::StrCat("Uniform integration registration not found: ", id));
}

std::string NameSpaceOf(const nlohmann::json& integration) {
  const auto* metadata = json::FindPath(integration, {"metadata", "kubernetesmetadata"});
  return metadata == nullptr ? "" : json::GetString(*metadata, "namespace");
}

// Text members of an object that may be absent, in a fixed order of names.
template <size_t n>
absl::StatusOr<nlohmann::json> ReadTexts(const nlohmann::json* from,
                                         const absl::string_view (&names)[n]) {
  nlohmann::json texts = nlohmann::json::object();
  if (from != nullptr && !from->is_null() && !from->is_object()) {
    return absl::InvalidArgumentError("json: cannot unmarshal into an object");
  }
  for (const absl::string_view name : names) {
    const nlohmann::json* value = from == nullptr ? nullptr : json::Find(*from, name);
    if (value != nullptr && !value->is_string() && !value->is_null()) {
      return absl::InvalidArgumentError(absl::StrCat("json: ", name, " is no string"));
    }
    texts[std::string(name)] = from == nullptr ? "" : json::GetString(*from, name);
  }
  return texts;
}

// Lists stay null if they came so: a client has to live with it.
absl::StatusOr<nlohmann::json> ReadSubscription(const nlohmann::json& from) {
  if (!from.is_object()) return absl::InvalidArgumentError("json: a subscription is no object");
  nlohmann::json filter = nlohmann::json::object();
  const nlohmann::json* sent = json::Find(from, "filter");
  for (const char* list : {"projects", "stages", "services"}) {
    const nlohmann::json* values = sent == nullptr ? nullptr : json::Find(*sent, list);
    if (values != nullptr && !values->is_array() && !values->is_null()) {
      return absl::InvalidArgumentError(absl::StrCat("json: filter.", list, " is no list"));
    }
    filter[list] = values == nullptr ? nlohmann::json() : *values;
  }
  return nlohmann::json{{"id", json::GetString(from, "id")},
                        {"event", json::GetString(from, "event")},
                        {"filter", filter}};
}

absl::StatusOr<nlohmann::json> ReadSubscriptions(const nlohmann::json& integration) {
  const nlohmann::json* sent = json::Find(integration, "subscriptions");
  if (sent == nullptr || sent->is_null()) return nlohmann::json();
  if (!sent->is_array()) return absl::InvalidArgumentError("json: subscriptions is no list");
  nlohmann::json list = nlohmann::json::array();
  for (const nlohmann::json& each : *sent) {
    ASSIGN_OR_RETURN(nlohmann::json subscription, ReadSubscription(each));
    list.push_back(std::move(subscription));
  }
  return list;
}

// The record as it is stored, all members present.
absl::StatusOr<nlohmann::json> ReadIntegration(const nlohmann::json& sent) {
  if (!sent.is_object()) return absl::InvalidArgumentError("json: an integration is an object");
  const nlohmann::json* metadata = json::Find(sent, "metadata");
  ASSIGN_OR_RETURN(nlohmann::json integration, ReadTexts(&sent, kTextMembers));
  ASSIGN_OR_RETURN(integration["metadata"], ReadTexts(metadata, kTextMetadata));
  ASSIGN_OR_RETURN(
      integration["metadata"]["kubernetesmetadata"],
      ReadTexts(json::FindPath(sent, {"metadata", "kubernetesmetadata"}), kKubernetesMetadata));
  ASSIGN_OR_RETURN(integration["subscriptions"], ReadSubscriptions(sent));
  return integration;
}

auto FindSubscription(nlohmann::json& integration, const std::string& id) {
  nlohmann::json& list = integration["subscriptions"];
  return std::find_if(list.begin(), list.end(), [&](const nlohmann::json& each) {
    return json::GetString(each, "id") == id;
  });
}

}  // namespace

absl::StatusOr<Registry::Registered> Registry::Register(const nlohmann::json& integration) {
  ASSIGN_OR_RETURN(nlohmann::json stored, ReadIntegration(integration));
  absl::MutexLock lock(&mutex_);
  ForgetExpiredLocked();
  if (Record* known = FindKnownLocked(stored); known != nullptr) {
    UpdateLocked(*known, stored);
    return Registered{.id = json::GetString(known->integration, "id")};
  }
  const std::string name = json::GetString(stored, "name");
  const std::string name_space = NameSpaceOf(stored);
  const std::string hostname = json::GetString(stored["metadata"], "hostname");
  if (name.empty() || name_space.empty() || hostname.empty()) {
    return absl::InvalidArgumentError(
        "incomplete integration ID. At least one field is missing: name, namespace, node name");
  }
  const std::string id = Sha1Hex(absl::StrCat(name, "-", name_space, "-", hostname));
  stored["id"] = id;
  for (nlohmann::json& each : stored["subscriptions"]) each["id"] = RandomUuid();
  Record& record = records_[id];
  record.integration = std::move(stored);
  TouchLocked(record);
  log_.Add("registration", {{"id", id}, {"created", true}, {"record", record.integration}});
  return Registered{.id = id, .created = true};
}

void Registry::UpdateLocked(Record& record, const nlohmann::json& integration) {
  for (const char* version : {"integrationversion", "distributorversion"}) {
    record.integration["metadata"][version] = integration["metadata"][version];
  }
  // With the ids that the client sent, whatever they are.
  if (record.integration["subscriptions"].empty()) {
    record.integration["subscriptions"] = integration["subscriptions"];
  }
  TouchLocked(record);
  log_.Add("registration",
           {{"id", record.integration["id"]}, {"created", false}, {"record", record.integration}});
}

void Registry::TouchLocked(Record& record) {
  record.last_seen = clock_.TimeNow();
  record.integration["metadata"]["lastseen"] = FormatTimestamp(record.last_seen);
}

void Registry::ForgetExpiredLocked() {
  const absl::Time oldest = clock_.TimeNow() - time_to_live_;
  std::erase_if(records_, [&](const auto& entry) { return entry.second.last_seen < oldest; });
}

Registry::Record* Registry::FindLocked(const std::string& id) {
  ForgetExpiredLocked();
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : &found->second;
}

Registry::Record* Registry::FindKnownLocked(const nlohmann::json& integration) {
  const std::string name_space = NameSpaceOf(integration);
  for (auto& [id, record] : records_) {
    if (record.integration["name"] != integration["name"]) continue;
    if (name_space.empty() || NameSpaceOf(record.integration) == name_space) return &record;
  }
  return nullptr;
}

absl::StatusOr<nlohmann::json> Registry::Ping(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  Record* record = FindLocked(id);
  if (record == nullptr) return NoIntegration(id);
  TouchLocked(*record);
  return record->integration;
}

void Registry::Delete(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  records_.erase(id);
  log_.Add("integration_deleted", {{"id", id}});
}

std::vector<nlohmann::json> Registry::List(const std::string& id, const std::string& name) {
  absl::MutexLock lock(&mutex_);
  ForgetExpiredLocked();
  std::vector<nlohmann::json> found;
  for (const auto& [key, record] : records_) {
    const bool has_name = name.empty() || json::GetString(record.integration, "name") == name;
    if (has_name && (id.empty() || key == id)) found.push_back(record.integration);
  }
  return found;
}

absl::StatusOr<std::string> Registry::PutSubscription(const std::string& id,
                                                      const std::string& subscription_id,
                                                      nlohmann::json subscription) {
  ASSIGN_OR_RETURN(subscription, ReadSubscription(subscription));
  absl::MutexLock lock(&mutex_);
  Record* record = FindLocked(id);
  if (record == nullptr) return NoIntegration(id);
  const std::string new_id = subscription_id.empty() ? RandomUuid() : subscription_id;
  subscription["id"] = new_id;
  log_.Add("subscription", {{"integration", id}, {"subscription", subscription}});
  const auto existing = FindSubscription(record->integration, new_id);
  if (existing != record->integration["subscriptions"].end()) {
    *existing = std::move(subscription);
  } else {
    record->integration["subscriptions"].push_back(std::move(subscription));
  }
  return new_id;
}

absl::StatusOr<nlohmann::json> Registry::Subscriptions(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  Record* record = FindLocked(id);
  if (record == nullptr) return NoIntegration(id);
  return record->integration["subscriptions"];
}

absl::StatusOr<nlohmann::json> Registry::Subscription(const std::string& id,
                                                      const std::string& subscription_id) {
  absl::MutexLock lock(&mutex_);
  Record* record = FindLocked(id);
  if (record == nullptr) return NoIntegration(id);
  const auto found = FindSubscription(record->integration, subscription_id);
  if (found == record->integration["subscriptions"].end()) {
    return absl::NotFoundError("mongo: no documents in result");
  }
  return *found;
}

absl::Status Registry::DeleteSubscription(const std::string& id,
                                          const std::string& subscription_id) {
  absl::MutexLock lock(&mutex_);
  Record* record = FindLocked(id);
  if (record == nullptr) return NoIntegration(id);
  const auto found = FindSubscription(record->integration, subscription_id);
  nlohmann::json& list = record->integration["subscriptions"];
  if (found != list.end()) list.erase(found);
  log_.Add("subscription", {{"integration", id}, {"deleted", subscription_id}});
  return absl::OkStatus();
}

}  // namespace jobexec::test_keptn
