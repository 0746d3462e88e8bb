// Keptn's register and its list of offers in memory, behind keptn::Api.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "common/keptn/api.h"

namespace jobexec::intake {

// Thread-safe. As Keptn 1.4: a record is found by name and namespace and keeps its subscriptions
// unless it has none.
class FakeKeptn final : public keptn::Api {
 public:
  using Json = nlohmann::json;

  explicit FakeKeptn(Clock& clock) : clock_(clock) {}

  absl::StatusOr<keptn::Answer> Send(const keptn::Call& call) override {
    absl::MutexLock lock(&mutex_);
    calls_.push_back(absl::StrCat(call.method, " ", call.path));
    const auto found = failures_.find(call.method);
    if (found != failures_.end()) return found->second;
    auto body = Respond(call);
    if (!body.ok()) return body.status();
    return keptn::Answer{.body = body->dump(), .date = clock_.TimeNow()};
  }
  absl::Status CheckReachable() const override { return absl::OkStatus(); }

  // What the method fails with from now on; OK: nothing.
  void Fail(const std::string& method, const absl::Status& error) {
    absl::MutexLock lock(&mutex_);
    failures_.erase(method);
    if (!error.ok()) failures_[method] = error;
  }
  void FailAll(const absl::Status& error) {
    for (const char* method : {"GET", "POST", "PUT"}) Fail(method, error);
  }

  // "METHOD /path?query" of each call since the last time.
  std::vector<std::string> TakeCalls() {
    absl::MutexLock lock(&mutex_);
    return std::exchange(calls_, {});
  }

  // The register; the test may change it like a user of Keptn would.
  Json Records() {
    absl::MutexLock lock(&mutex_);
    return records_;
  }
  void SetRecords(Json records) {
    absl::MutexLock lock(&mutex_);
    records_ = std::move(records);
  }
  // Events of the first record.
  std::vector<std::string> Subscribed() {
    const Json records = Records();
    std::vector<std::string> events;
    for (const Json& entry : records.at(0).at("subscriptions")) {
      events.push_back(entry.at("event").get<std::string>());
    }
    return events;
  }

  void SetOffers(const std::string& type, std::vector<Json> newest_first) {
    absl::MutexLock lock(&mutex_);
    offers_[type] = std::move(newest_first);
  }

 private:
  absl::StatusOr<Json> Respond(const keptn::Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::vector<std::string> parts = absl::StrSplit(
        std::string(absl::string_view(call.path).substr(0, call.path.find('?'))), '/');
    if (absl::StartsWith(call.path, "/v1/event/triggered/")) return Offers(parts.at(4));
    if (call.method == "GET") return records_;
    if (call.method == "POST") return Register(Json::parse(call.body));
    Json* record = Find(parts.at(4));
    if (record == nullptr) return absl::NotFoundError("404 uniform integration not found");
    if (parts.at(5) == "subscription") (*record)["subscriptions"].push_back(Json::parse(call.body));
    return *record;
  }

  absl::StatusOr<Json> Offers(const std::string& type) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const Json list = offers_[type];
    return Json{{"events", list.is_null() ? Json::array() : list},
                {"nextPageKey", "0"},
                {"totalCount", list.size()}};
  }

  Json Register(Json given) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (Json& record : records_) {
      if (record["name"] != given["name"] || NamespaceOf(record) != NamespaceOf(given)) continue;
      record["metadata"]["distributorversion"] = given["metadata"]["distributorversion"];
      if (record["subscriptions"].empty()) record["subscriptions"] = given["subscriptions"];
      return {{"id", record["id"]}};
    }
    given["id"] = absl::StrCat("id-", ++made_);
    records_.push_back(given);
    return {{"id", given["id"]}};
  }

  Json* Find(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (Json& record : records_) {
      if (record["id"] == id) return &record;
    }
    return nullptr;
  }

  static Json NamespaceOf(const Json& record) {
    return record["metadata"]["kubernetesmetadata"]["namespace"];
  }

  Clock& clock_;
  absl::Mutex mutex_;
  Json records_ ABSL_GUARDED_BY(mutex_) = Json::array();
  int made_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::vector<Json>> offers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::intake
