#include "tests/support/keptn/datastore.h"

#include <algorithm>

#include "common/json/json.h"
#include "tests/support/keptn/execution.h"

namespace jobexec::test_keptn {
namespace {

bool Fits(const EventQuery& query, const nlohmann::json& event) {
  const Scope scope = ScopeOf(event);
  return FitsText(query.project, scope.project) && FitsText(query.stage, scope.stage) &&
         FitsText(query.service, scope.service) &&
         FitsText(query.context, json::GetString(event, "shkeptncontext")) &&
         FitsText(query.type, json::GetString(event, "type")) &&
         FitsText(query.source, json::GetString(event, "source")) &&
         FitsText(query.id, json::GetString(event, "id"));
}

}  // namespace

void Datastore::Store(const nlohmann::json& event) {
  absl::MutexLock lock(&mutex_);
  if (lossy_) return;
  events_.push_back(event);
  answered_.insert(json::GetString(event, "triggeredid"));
}

void Datastore::SetLossy(bool lossy) {
  absl::MutexLock lock(&mutex_);
  lossy_ = lossy;
}

std::vector<nlohmann::json> Datastore::Find(const EventQuery& query) const {
  std::vector<nlohmann::json> found;
  absl::MutexLock lock(&mutex_);
  std::copy_if(events_.rbegin(), events_.rend(), std::back_inserter(found),
               [&](const nlohmann::json& event) { return Fits(query, event); });
  return found;
}

bool Datastore::IsAnswered(const std::string& triggered_id) const {
  absl::MutexLock lock(&mutex_);
  return answered_.contains(triggered_id);
}

}  // namespace jobexec::test_keptn
