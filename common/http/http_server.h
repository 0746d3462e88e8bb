// An HTTP/1.1 server for event input and for the admin ports.
//
// Bounded by construction: connections, header and body size, and the time a client may take. What
// exceeds a bound is answered (413 body, 431 headers, 408 time, 503 connections) or closed, counted
// by the caller through `Options::on_refused`, never queued.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/http_message.h"

namespace jobexec::http {

// Sends the response of one request. Call it exactly once, from any thread; a call after the
// connection or the server is gone does nothing. Dropping it unsent closes the connection. The
// server writes Connection, Content-Length and Date itself and leaves out the body for HEAD.
using Reply = absl::AnyInvocable<void(Response) &&>;

// Handles one request. Runs on one of the server's threads and must not block; may reply at once or
// hand `reply` to another thread. Requests of one connection come one after the other.
using Handler = absl::AnyInvocable<void(Request, Reply) const>;

// Thread-safe.
class Server {
 public:
  struct Options {
    std::string address = "0.0.0.0";
    int port = 0;  // 0 = any free port, see port()
    int threads = 1;
    int max_connections = 1024;
    size_t max_header_bytes = 16 * 1024;
    size_t max_body_bytes = 1024 * 1024;
    absl::Duration read_timeout = absl::Seconds(15);  // for one whole request, and for a first byte
    absl::Duration write_timeout = absl::Seconds(15);  // for one whole response
    absl::Duration idle_timeout = absl::Seconds(60);   // between requests of one connection
    // Called with a closed set of reasons: "body_too_large", "header_too_large", "timeout",
    // "malformed", "connections". On a server thread; must not block. May be empty.
    absl::AnyInvocable<void(absl::string_view reason) const> on_refused;
  };

  // Listens and serves. Errors: INVALID_ARGUMENT bad address; ALREADY_EXISTS or UNAVAILABLE the
  // port cannot be bound (the message names address, port and cause).
  static absl::StatusOr<std::unique_ptr<Server>> Start(Options options, Handler handler);

  // Same as Shutdown(0).
  virtual ~Server() = default;

  // The port that is listened on.
  virtual int port() const = 0;

  // Stops accepting, gives requests in flight up to `grace` to be answered (their responses say
  // "Connection: close"), closes everything and joins the threads. Idempotent. Not from a handler.
  virtual void Shutdown(absl::Duration grace) = 0;
};

}  // namespace jobexec::http
