// How every gRPC server of jobexec is set up: health (grpc.health.v1), reflection, limits,
// keepalive.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace jobexec::rpc {

// Thread-safe.
class Server {
 public:
  struct Options {
    std::string address = "0.0.0.0";
    int port = 0;  // 0 = any free port, see port()
    int max_message_bytes = 4 * 1024 * 1024;
    // A connection is asked to move on after this time, so that clients find new replicas.
    absl::Duration max_connection_age = absl::Minutes(10);
    absl::Duration max_connection_age_grace = absl::Seconds(30);
  };

  // Serves `services`, which must outlive the server. UNAVAILABLE if the port cannot be bound (the
  // message names it).
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Options& options,
                                                       const std::vector<grpc::Service*>& services);

  // Same as Shutdown(0).
  ~Server();

  int port() const { return port_; }

  // What the health service says for the whole server ("") from now on. Starts as not serving.
  void SetServing(bool serving);

  // Says "not serving", refuses new calls, lets running calls end for up to `grace`, then cancels
  // them. Returns when every call has ended. Idempotent.
  void Shutdown(absl::Duration grace);

 private:
  Server() = default;

  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace jobexec::rpc
