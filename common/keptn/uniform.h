// Keptn's register of integrations (shipyard-controller, /v1/uniform/registration).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/keptn/api.h"
#include "common/keptn/subscription.h"

namespace jobexec::keptn {

// Who we say we are. Keptn finds a known record by name and namespace; a new one gets an id from
// name, namespace and hostname, all of which must be set.
struct Integration {
  std::string name;
  std::string version;
  std::string location;  // "control-plane" or "remote-execution-plane"
  std::string hostname;  // the node's name
  std::string name_space;
  std::string pod;
  std::string deployment;
  // A semantic version of at least 0.9.0, or Keptn's user interface lets nobody change the
  // subscriptions. The record keeps the latest one as it is, build metadata ("+...") included. This
  // is what Keptn's own distributor last called itself.
  std::string distributor_version = "0.15.0";
};

// Registers and returns the id. Idempotent: a known record keeps its subscriptions, ours count only
// if it has none. Those without an id get one that follows from their content, since Keptn stores
// whatever it is given for a known record. Errors: see Api; INVALID_ARGUMENT also if one of the
// three that make an id is missing; INTERNAL the answer has no id.
absl::StatusOr<std::string> Register(Api& api, const Integration& integration,
                                     const std::vector<Subscription>& subscriptions);

// Renews the record and returns its present subscriptions. NOT_FOUND: it expired or was deleted,
// register again. Other errors: see Api.
absl::StatusOr<std::vector<Subscription>> Ping(Api& api, const std::string& integration_id);

}  // namespace jobexec::keptn
