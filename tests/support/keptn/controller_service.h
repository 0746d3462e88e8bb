// The shipyard-controller over HTTP: offers, sequences, integrations and their logs.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/http/http_message.h"
#include "tests/support/keptn/engine.h"
#include "tests/support/keptn/event_log.h"
#include "tests/support/keptn/registry.h"
#include "tests/support/keptn/wire.h"

namespace jobexec::test_keptn {

// Thread-safe.
class ControllerService {
 public:
  // What the engine wants published.
  using Publish = std::function<void(const Publications& publications)>;

  // The references must outlive this.
  ControllerService(Engine& engine, Registry& registry, EventLog& log, Publish publish);

  http::Response Handle(const ServiceRequest& request) const;

  // What integrations have logged.
  std::vector<nlohmann::json> Logs() const;

 private:
  void AddUniformRoutes();
  void AddSubscriptionRoutes();
  void AddSequenceRoutes();
  http::Response ListOffers(const ServiceRequest& request, const std::string& type) const;
  http::Response TakeEvent(const ServiceRequest& request) const;
  http::Response TakeLogs(const ServiceRequest& request);
  http::Response ListLogs(const ServiceRequest& request) const;
  http::Response Register(const ServiceRequest& request) const;
  http::Response PutSubscription(const ServiceRequest& request, const std::string& id,
                                 const std::string& subscription_id) const;
  http::Response Steer(const ServiceRequest& request, const std::string& project,
                       const std::string& context) const;
  http::Response ListExecutions(const ServiceRequest& request) const;
  http::Response ListStates(const ServiceRequest& request, const std::string& project) const;

  Engine& engine_;
  Registry& registry_;
  EventLog& log_;
  const Publish publish_;
  RouteTable routes_;
  mutable absl::Mutex mutex_;
  std::vector<nlohmann::json> logs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::test_keptn
