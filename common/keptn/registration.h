// What Keptn's register has of an integration, and how to add to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/keptn/api.h"
#include "common/keptn/subscription.h"

namespace jobexec::keptn {

inline constexpr char kRegister[] = "/v1/uniform/registration";

// Of one record of the register.
std::string RegistrationPath(const std::string& integration_id);

struct Registration {
  std::string id;
  std::string distributor_version;
  std::vector<Subscription> subscriptions;
};

// The record of this name and namespace, which Register takes for known; nothing if there is none.
// Asks GET /v1/uniform/registration?name=. Errors: see Api (UNAUTHENTICATED also for an OAuth
// client that may only write); INTERNAL the answer has another form.
absl::StatusOr<std::optional<Registration>> FindRegistration(Api& api, const std::string& name,
                                                             const std::string& name_space);

// Creates the subscription with this id (a UUID of the caller's choice), or replaces it.
// Idempotent. Errors: see Api; UNAVAILABLE also if there is no such record.
absl::Status PutSubscription(Api& api, const std::string& integration_id,
                             const Subscription& subscription);

}  // namespace jobexec::keptn
