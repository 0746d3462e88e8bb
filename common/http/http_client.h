// A blocking HTTP client for worker threads: connections are kept and reused, TLS is verified, the
// usual proxy variables (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, each also in small letters,
// which win) are followed. The process must ignore SIGPIPE (BlockShutdownSignals does): OpenSSL
// writes to sockets without suppressing it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/http/http_message.h"

namespace jobexec::http {

// Where certificates come from. Files are read again for each new connection, so rotation needs no
// restart. Content fields win over files when both are set.
struct TlsOptions {
  std::string ca_file;  // empty and no ca_pem: the system's authorities
  std::string ca_pem;
  std::string certificate_file;
  std::string certificate_pem;
  std::string key_file;
  std::string key_pem;
  bool verify = true;  // false only by an explicit, logged setting
};

// Thread-safe.
class Client {
 public:
  struct Options {
    TlsOptions tls;
    absl::Duration connect_timeout = absl::Seconds(3);
    size_t max_response_bytes = 64 * 1024 * 1024;
    int max_idle_connections = 64;
    // Kept connections are not used again after this idle time.
    absl::Duration max_idle_age = absl::Seconds(45);
    // Unacknowledged bytes end a connection after this time (TCP_USER_TIMEOUT).
    absl::Duration tcp_user_timeout = absl::Seconds(30);
    // Asked whenever a request is about to be sent, the connection being there: false ends the call
    // with CANCELLED, and nothing is sent. Thread-safe and quick; empty: always true.
    std::function<bool()> may_send;
  };

  static std::unique_ptr<Client> Create(Options options);
  virtual ~Client() = default;

  // Sends `request` and returns the response, whatever its HTTP status is. `timeout` bounds the
  // whole exchange. Redirects are not followed. Not retried here, except once on a kept connection
  // that turns out to be dead before any byte of a response came, and only for requests that
  // `idempotent` says may be sent twice. Errors: UNAVAILABLE cannot resolve, connect or the
  // connection broke; DEADLINE_EXCEEDED; RESOURCE_EXHAUSTED response larger than the limit;
  // FAILED_PRECONDITION the peer's certificate is not trusted or one of our own certificate files
  // is unusable; INVALID_ARGUMENT bad URL or control characters in the request. GetReason() is
  // "NOT_SENT" if provably nothing was delivered. Messages name method, host and path, never user
  // information or query.
  virtual absl::StatusOr<Response> Send(const Request& request, absl::Duration timeout,
                                        bool idempotent) = 0;

  // Sends `request` on a connection of its own and gives each piece of the body to `on_data` as it
  // comes, on the calling thread, until the peer ends the stream, `stop` is notified (looked at
  // once a second), `idle_timeout` passes without a byte, or on_data returns false. A response with
  // a status of 300 and above is not streamed but returned whole (at most 1 MiB of its body).
  // Returns the response (empty body if it was streamed), CANCELLED after `stop` or false,
  // DEADLINE_EXCEEDED when idle, else as for Send.
  virtual absl::StatusOr<Response> Stream(const Request& request, const absl::Notification& stop,
                                          absl::Duration idle_timeout,
                                          absl::FunctionRef<bool(absl::string_view)> on_data) = 0;

  // Resets all connections: what waits in them is not sent any more, and calls in progress end with
  // UNAVAILABLE. Later calls open new ones, unless `may_send` says no.
  virtual void Abort() = 0;
};

}  // namespace jobexec::http
