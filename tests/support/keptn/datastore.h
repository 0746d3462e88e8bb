// mongodb-datastore: every event that passed by, for questions.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace jobexec::test_keptn {

struct EventQuery {
  std::string project;  // each empty: any
  std::string stage;
  std::string service;
  std::string context;
  std::string type;
  std::string source;
  std::string id;
};

// Thread-safe.
class Datastore {
 public:
  void Store(const nlohmann::json& event);

  // While true, what comes is lost: the original is a plain NATS subscriber and misses what is
  // published while it is away.
  void SetLossy(bool lossy);

  // Newest first.
  std::vector<nlohmann::json> Find(const EventQuery& query) const;

  // An event with this "triggeredid" is stored.
  bool IsAnswered(const std::string& triggered_id) const;

 private:
  mutable absl::Mutex mutex_;
  bool lossy_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<nlohmann::json> events_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> answered_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::test_keptn
