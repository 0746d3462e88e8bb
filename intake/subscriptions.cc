#include "intake/subscriptions.h"

#include <nlohmann/json.hpp>

#include "common/json/json.h"

namespace jobexec::intake {

std::shared_ptr<const SubscriptionSnapshot> Subscriptions::Get() const {
  absl::MutexLock lock(&mutex_);
  return snapshot_;
}

bool Subscriptions::Set(const std::string& integration_id,
                        const std::vector<keptn::Subscription>& list) {
  absl::MutexLock lock(&mutex_);
  if (snapshot_->known && snapshot_->integration_id == integration_id && snapshot_->list == list) {
    return false;
  }
  snapshot_ = std::make_shared<const SubscriptionSnapshot>(
      SubscriptionSnapshot{.known = true, .integration_id = integration_id, .list = list});
  return true;
}

keptn::EventScope ScopeOf(const cloudevents::Event& event) {
  const auto data = json::Parse(event.text_data());
  if (!data.ok() || !data->is_object()) return {};
  return {.project = json::GetString(*data, "project"),
          .stage = json::GetString(*data, "stage"),
          .service = json::GetString(*data, "service")};
}

}  // namespace jobexec::intake
