// Which of Keptn's services a call is for, through the gateway and inside the cluster.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "common/http/http_message.h"
#include "tests/support/keptn/wire.h"

namespace jobexec::test_keptn {

enum class Service { kApi, kController, kResources, kDatastore, kOAuth, kAdmin };

struct Destination {
  Service service = Service::kApi;
  std::string path;         // for the service
  bool needs_auth = false;  // the gateway asks the api-service first
};

// A destination, or the answer of the gateway itself.
using Routing = std::variant<Destination, http::Response>;

// nginx, under `prefix` ("" or "/keptn"): <prefix>/api/..., <prefix>/api/controlPlane/...,
// <prefix>/api/resource-service/..., <prefix>/api/mongodb-datastore/event; the rest is refused as
// the original does it. Escapes change on the way.
Routing RouteThroughGateway(const ServiceRequest& request, absl::string_view prefix);

// Inside the cluster the host names the service: api-service, shipyard-controller,
// resource-service, mongodb-datastore; in the Host field, in the target of a call through a proxy,
// or else as the first part of the path.
Routing RouteInCluster(const ServiceRequest& request);

}  // namespace jobexec::test_keptn
