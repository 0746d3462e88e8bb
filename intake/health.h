// GET /health, which the probes of existing deployments ask.
//
// The original answers it with 412 until it is registered with Keptn, and its chart restarts the
// pod for that. Here it tells what /livez tells, so that no restart follows from Keptn's being
// away; /readyz on the admin port tells whether intake can do its work.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/http/http_server.h"

namespace jobexec::intake {

// 200 {"status":"OK"} for GET and HEAD /health; nothing for any other request. Thread-safe.
std::optional<http::Response> AnswerHealth(const http::Request& request);

// Serves it on a port of its own; 404 for any other request. Errors: as for http::Server::Start.
absl::StatusOr<std::unique_ptr<http::Server>> StartHealthServer(const std::string& address,
                                                                int port);

}  // namespace jobexec::intake
