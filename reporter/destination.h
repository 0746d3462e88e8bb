// Where answers go by the settings, and the connections that this takes.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/http/http_client.h"
#include "common/keptn/api.h"
#include "common/nats/connection.h"
#include "reporter/event_publisher.h"
#include "reporter/settings.h"

namespace jobexec::reporter {

// Thread-safe. Connects when it is used first.
class Destination {
 public:
  // `clock` must outlive it. `may_send` is asked right before each answer goes on its way.
  Destination(const Settings& settings, Clock& clock, const std::function<bool()>& may_send);

  EventPublisher& publisher() { return *publisher_; }

  // Null without Keptn.
  keptn::Api* keptn() { return keptn_.get(); }

  // For /readyz: OK if answers can be sent as far as is known.
  absl::Status CheckReachable() const { return publisher_->CheckReachable(); }

  // Finds that out, at once and then twice a minute, until `stop`. Takes a thread of its own.
  void KeepProbing(const absl::Notification& stop);

  // Resets all connections: what has not arrived is not on its way any more.
  void Abort();

 private:
  Clock& clock_;
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<nats::Connection> nats_;
  std::unique_ptr<keptn::Api> keptn_;
  std::unique_ptr<EventPublisher> publisher_;
};

}  // namespace jobexec::reporter
