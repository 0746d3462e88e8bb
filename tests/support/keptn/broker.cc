#include "tests/support/keptn/broker.h"

#include "absl/strings/match.h"
#include "common/json/json.h"

namespace jobexec::test_keptn {

// The receivers get what they would have subscribed to.
absl::Status LocalBroker::Publish(const nlohmann::json& event) {
  const std::string type = json::GetString(event, "type");
  if (absl::StartsWith(type, "sh.keptn.event.")) receivers_.datastore(event);
  if (!absl::StartsWith(type, "sh.keptn.")) return absl::OkStatus();
  {
    absl::MutexLock lock(&mutex_);
    queue_.push_back(event);
  }
  Deliver();
  return absl::OkStatus();
}

void LocalBroker::PauseController(bool paused) {
  {
    absl::MutexLock lock(&mutex_);
    paused_ = paused;
  }
  Deliver();
}

// One thread at a time, so that a publication from inside a delivery waits for its turn.
void LocalBroker::Deliver() {
  {
    absl::MutexLock lock(&mutex_);
    if (delivering_) return;
    delivering_ = true;
  }
  while (true) {
    nlohmann::json event;
    {
      absl::MutexLock lock(&mutex_);
      if (paused_ || queue_.empty()) {
        delivering_ = false;
        return;
      }
      event = std::move(queue_.front());
      queue_.pop_front();
    }
    receivers_.controller(event, 0);
  }
}

}  // namespace jobexec::test_keptn
