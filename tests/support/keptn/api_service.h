// Keptn's api-service: the door for events from outside.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/http/http_message.h"
#include "tests/support/keptn/auth.h"
#include "tests/support/keptn/wire.h"

namespace jobexec::test_keptn {

// Thread-safe.
class ApiService {
 public:
  using Publish = std::function<absl::Status(const nlohmann::json& event)>;

  // `validate` is EVENT_VALIDATION_ENABLED. `auth` and `clock` must outlive this.
  ApiService(bool validate, Publish publish, Auth& auth, Clock& clock);

  http::Response Handle(const ServiceRequest& request);

 private:
  http::Response TakeEvent(const ServiceRequest& request) const;

  const bool validate_;
  const Publish publish_;
  Auth& auth_;
  Clock& clock_;
  RouteTable routes_;
};

// The event that is published for a posted one: id and time are new, a context that is no UUID
// becomes one, and what the model does not know is lost. Pure but for the new id.
nlohmann::json ToPublished(const nlohmann::json& posted, absl::Time now);

// Why validation refuses a posted event. Pure.
absl::Status CheckPosted(const nlohmann::json& event);

}  // namespace jobexec::test_keptn
