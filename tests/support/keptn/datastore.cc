#include "tests/support/keptn/datastore.h"

#include <algorithm>

#include "common/json/json.h"
#include "tests/support/keptn/execution.h"

namespace jobexec::test_keptn {
namespace {

bool Fits(const std::string& wanted, const std::string& value) {
  return wanted.empty() || wanted == value;
}

bool Fits(const EventQuery& query, const nlohmann::json& event) {
  const Scope scope = ScopeOf(event);
  return Fits(query.project, scope.project) && Fits(query.stage, scope.stage) &&
         Fits(query.service, scope.service) &&
         Fits(query.context, json::GetString(event, "shkeptncontext")) &&
         Fits(query.type, json::GetString(event, "type")) &&
         Fits(query.source, json::GetString(event, "source")) &&
         Fits(query.id, json::GetString(event, "id"));
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
