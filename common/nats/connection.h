// A connection to a NATS server with JetStream: publish with an acknowledgement, and look into a
// stream.
//
// Source: https://docs.nats.io/nats-concepts/jetstream. Nothing is ever kept back and sent later:
// the client library's own reconnection (which would send what was published during an outage) is
// off; a broken connection is closed and the next call opens a new one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace jobexec::nats {

// GetReason() of an error after which provably nothing reached the server.
inline constexpr char kNotSent[] = "NOT_SENT";

struct PublishAck {
  std::string stream;
  uint64_t sequence = 0;
  bool duplicate = false;  // the stream has had this message id within its duplicate window
};

struct StreamInfo {
  std::string name;
  absl::Time created = absl::InfinitePast();  // another one under the same name has another time
  uint64_t first_sequence = 0;                // of the oldest message that is left
  uint64_t last_sequence = 0;
  absl::Time first_time = absl::InfinitePast();  // of the oldest message
  absl::Time last_time = absl::InfinitePast();   // of the newest message
  absl::Duration duplicate_window;
};

// Where a scan begins: at a sequence, or if that is 0 at a time.
struct ScanStart {
  uint64_t sequence = 0;
  absl::Time time = absl::InfinitePast();
};

// Thread-safe. Calls block up to a few times `request_timeout`.
//
// Errors of all calls: UNAVAILABLE not connected and cannot connect now (reason kNotSent), or the
// connection broke; DEADLINE_EXCEEDED no reply in time; FAILED_PRECONDITION no JetStream stream
// takes the subject (reason kNotSent); INVALID_ARGUMENT the server refuses the message or the
// request; PERMISSION_DENIED the credentials are refused (reason kNotSent). Messages never have
// credentials.
class Connection {
 public:
  struct Options {
    std::string urls;  // "nats://host:port", several with commas; may hold user and password
    std::string name;  // shown by the server
    absl::Duration connect_timeout = absl::Seconds(3);
    absl::Duration request_timeout = absl::Seconds(5);
    // After a failed attempt to connect, calls fail at once for this long.
    absl::Duration connect_pause = absl::Seconds(1);
    // Asked right before a message is sent, the connection being there: false ends the call with
    // CANCELLED (reason kNotSent). Thread-safe and quick; empty: always true.
    std::function<bool()> may_send;
  };

  // Does not connect yet. `clock` must outlive the connection.
  static std::unique_ptr<Connection> Create(Options options, Clock& clock);
  virtual ~Connection() = default;

  // Stores `payload` in the stream that takes `subject`, unless it has a message with this id
  // already (idempotent within the stream's duplicate window).
  virtual absl::StatusOr<PublishAck> Publish(const std::string& subject,
                                             const std::string& message_id,
                                             absl::string_view payload) = 0;

  // Hands `payload` to the server, for whoever listens to `subject` at this moment; nobody confirms
  // that they got it. Not idempotent.
  virtual absl::Status PublishPlain(const std::string& subject, absl::string_view payload) = 0;

  // False if the server has no JetStream, at least not for us.
  virtual absl::StatusOr<bool> HasJetStream() = 0;

  // The stream that takes `subject`.
  virtual absl::StatusOr<StreamInfo> FindStream(const std::string& subject) = 0;

  // Calls `on_message` with sequence and message id of every message that `stream` has on exactly
  // `subject` from `start` to the present, in order.
  virtual absl::Status Scan(
      const std::string& stream, const std::string& subject, const ScanStart& start,
      absl::FunctionRef<void(uint64_t sequence, absl::string_view message_id)> on_message) = 0;

  // Connects if there is no connection. OK if there is one now.
  virtual absl::Status CheckConnected() = 0;

  // Resets the connection, if there is one: nothing that waits in it is sent any more, and calls in
  // progress fail. Later calls open a new one, unless `may_send` says no.
  virtual void Abort() = 0;
};

}  // namespace jobexec::nats
