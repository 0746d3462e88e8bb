// The admin port that every service has: probes and metrics, apart from the service's own traffic.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/http/http_server.h"

namespace jobexec::http {

// What the admin port asks its service. Called one at a time on the admin server's thread; must
// answer from memory, without waiting.
struct AdminHandlers {
  // OK if the service can do its work now; else why not. The text is shown to whoever asks.
  absl::AnyInvocable<absl::Status() const> ready;
  // The metrics in the Prometheus text format.
  absl::AnyInvocable<std::string() const> metrics_text;
};

struct AdminOptions {
  std::string address = "0.0.0.0";
  int port = 0;  // 0 = any free port, see Server::port()
};

// Serves, for GET and HEAD:
//   /livez    200 while the process runs
//   /readyz   200 "ok", or 503 with the reason as text
//   /metrics  200 text/plain; version=0.0.4
// Any other path is 404, any other method 405. Errors: as for Server::Start.
absl::StatusOr<std::unique_ptr<Server>> StartAdminServer(AdminOptions options,
                                                         AdminHandlers handlers);

}  // namespace jobexec::http
