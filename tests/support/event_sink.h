// An HTTP server that takes the answers and keeps them.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/http/http_server.h"

namespace jobexec::testing {

// Thread-safe.
class EventSink {
 public:
  // Listens on `address`; port 0 is any. `on_event` (may be empty) sees each event on a server
  // thread.
  static absl::StatusOr<std::unique_ptr<EventSink>> Start(
      const std::string& address, int port, std::function<void(const nlohmann::json&)> on_event);

  int port() const { return server_->port(); }

  // Events that were posted so far (structured mode), in order.
  std::vector<nlohmann::json> Events() const;

  // Those that answer the event with this id and whose type ends in ".<kind>".
  std::vector<nlohmann::json> Answers(const std::string& triggered_id,
                                      const std::string& kind) const;

  // The first such answer. DEADLINE_EXCEEDED if none comes in time.
  absl::StatusOr<nlohmann::json> WaitForAnswer(const std::string& triggered_id,
                                               const std::string& kind,
                                               absl::Duration timeout) const;

 private:
  explicit EventSink(std::function<void(const nlohmann::json&)> on_event)
      : on_event_(std::move(on_event)) {}
  void Take(const http::Request& request, http::Reply reply);

  const std::function<void(const nlohmann::json&)> on_event_;
  mutable absl::Mutex mutex_;
  std::vector<nlohmann::json> events_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<http::Server> server_;
};

}  // namespace jobexec::testing
