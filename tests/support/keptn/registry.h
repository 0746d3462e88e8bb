// Keptn's register of integrations ("uniform").
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "tests/support/keptn/event_log.h"

namespace jobexec::test_keptn {

// Thread-safe. NOT_FOUND always means that there is no such integration or subscription.
class Registry {
 public:
  struct Registered {
    std::string id;
    bool created = false;
  };

  // A record that nobody renews for `time_to_live` is gone.
  Registry(absl::Duration time_to_live, Clock& clock, EventLog& log)
      : time_to_live_(time_to_live), clock_(clock), log_(log) {}

  // A known record is found by name and namespace (an empty namespace: by name) and keeps its
  // subscriptions, if it has any. INVALID_ARGUMENT: malformed, or new without name, namespace or
  // hostname.
  absl::StatusOr<Registered> Register(const nlohmann::json& integration);

  // Renews the record and returns it whole.
  absl::StatusOr<nlohmann::json> Ping(const std::string& id);

  // An unknown id is no error.
  void Delete(const std::string& id);

  // Those with this id and name; an empty one is any.
  std::vector<nlohmann::json> List(const std::string& id, const std::string& name);

  // Adds a subscription, or replaces the one with this id; a new one gets its id here.
  absl::StatusOr<std::string> PutSubscription(const std::string& id,
                                              const std::string& subscription_id,
                                              nlohmann::json subscription);
  absl::StatusOr<nlohmann::json> Subscriptions(const std::string& id);
  absl::StatusOr<nlohmann::json> Subscription(const std::string& id,
                                              const std::string& subscription_id);
  absl::Status DeleteSubscription(const std::string& id, const std::string& subscription_id);

 private:
  struct Record {
    nlohmann::json integration;
    absl::Time last_seen;
  };

  void ForgetExpiredLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Record* FindLocked(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Record* FindKnownLocked(const nlohmann::json& integration) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TouchLocked(Record& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UpdateLocked(Record& record, const nlohmann::json& integration)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration time_to_live_;
  Clock& clock_;
  EventLog& log_;
  absl::Mutex mutex_;
  std::map<std::string, Record> records_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::test_keptn
