// The open StreamLogs calls. Each has a thread of a fixed number while it lasts: it waits for the
// Kubernetes API, for the caller to take a message, or for a task to go on, and always only until
// the call is cancelled, its deadline passes or the reporter stops.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/worker_pool.h"
#include "jobexecutor/v1/reporter.pb.h"
#include "reporter/log_reader.h"

namespace jobexec::reporter {

class LogCall;

// Thread-safe.
class LogStreams {
 public:
  struct Options {
    int max_calls = 32;
    // A caller that takes no message for this long is cut off.
    absl::Duration patience = absl::Seconds(60);
  };

  // `reader` must outlive this and its calls.
  LogStreams(Options options, LogReader& reader);

  // Answers one call; the reactor owns itself. RESOURCE_EXHAUSTED if there are too many,
  // UNAVAILABLE after Stop.
  grpc::ServerWriteReactor<::jobexecutor::v1::StreamLogsResponse>* Open(
      grpc::CallbackServerContext* context, const ::jobexecutor::v1::StreamLogsRequest& request);

  // Ends all calls with UNAVAILABLE, also those to come.
  void Stop();

  size_t open_calls() const;

 private:
  friend class LogCall;

  void Remove(const LogCall* call);

  const Options options_;
  LogReader& reader_;
  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<LogCall>> calls_ ABSL_GUARDED_BY(mutex_);
  WorkerPool workers_;  // last: its threads use the rest
};

}  // namespace jobexec::reporter
