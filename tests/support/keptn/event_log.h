// What happened in the test Keptn, in order: what an independent checker reads.
//
// Every entry is a JSON object with "n" (counted from 1), "at" (RFC 3339) and "kind"; the kinds are
//   http                 one call: front, method, path, status; "fault" if one was injected, "lost"
//                        true if it was processed but the reply was not sent
//   event                what the controller received: type, id, source, context, triggeredId,
//                        sequence (of the stream, 0 without NATS) and "outcome": "counted" (then
//                        started, finished, complete), "no open task", "sequence queued", ... Only
//                        "counted" ones change a task.
//   controller_crash     an event that crashes the original
//   sequence_started, sequence_control, task_triggered, task_completed, sequence_finished
//   registration, subscription, integration_deleted, integration_log
//   resource             one access to a file or a list: project, stage, service, uri, commit
//   oauth_token, broker  what the token endpoint and the connection to NATS did
#pragma once

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace jobexec::test_keptn {

// Thread-safe. Only grows.
class EventLog {
 public:
  // `clock` must outlive the log.
  explicit EventLog(Clock& clock) : clock_(clock) {}

  // Writes what is added from now on to `file`, too, one line each. UNAVAILABLE if it cannot be
  // opened.
  absl::Status WriteTo(const std::string& file);

  void Add(absl::string_view kind, nlohmann::json fields);

  // Entries after the n-th, of one kind unless `kind` is empty.
  std::vector<nlohmann::json> Entries(absl::string_view kind = "", size_t after = 0) const;

  // How many entries of a kind have these values, e.g. Count("event", {{"outcome", "counted"}}).
  int Count(absl::string_view kind, const nlohmann::json& values) const;

 private:
  Clock& clock_;
  mutable absl::Mutex mutex_;
  std::vector<nlohmann::json> entries_ ABSL_GUARDED_BY(mutex_);
  std::ofstream file_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::test_keptn
