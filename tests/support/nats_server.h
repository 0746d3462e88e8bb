// A real nats-server with JetStream as a child process.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_directory.h"

namespace jobexec::testing {

// Not thread-safe. Keeps its data while it lives, also over Kill and Restart.
class NatsServer {
 public:
  // On any free port of the loopback address. UNAVAILABLE if nats-server is not installed or does
  // not start.
  static absl::StatusOr<std::unique_ptr<NatsServer>> Start(bool jetstream = true);

  // "nats://127.0.0.1:PORT".
  const std::string& url() const { return url_; }

  // Makes a stream for these subjects.
  absl::Status AddStream(const std::string& name, const std::string& subjects,
                         absl::Duration duplicate_window);

  // Removes all messages of a stream.
  absl::Status Purge(const std::string& stream);

  // Removes a stream, with its consumers; one consumer.
  absl::Status DeleteStream(const std::string& stream);
  absl::Status DeleteConsumer(const std::string& stream, const std::string& consumer);

  // Makes a durable consumer that pushes its messages to `subject`.
  absl::Status AddPushConsumer(const std::string& stream, const std::string& consumer,
                               const std::string& subject);

  // Publishes without an acknowledgement, as Keptn's own services do.
  absl::Status PublishCore(const std::string& subject, const std::string& text);

  // SIGKILL; and the same server again on the same port, with JetStream or without.
  absl::Status Kill();
  absl::Status Restart();
  absl::Status RestartWithJetStream();

 private:
  NatsServer() = default;
  absl::Status Run(const std::string& port);

  TempDirectory directory_;
  bool jetstream_ = true;
  int port_ = 0;
  std::string url_;
  std::unique_ptr<Subprocess> process_;
};

}  // namespace jobexec::testing
