// The open WatchRuns calls: tells each which events have changed.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "jobexecutor/v1/reporter.pb.h"
#include "reporter/store.h"

namespace jobexec::reporter {

class WatchCall;

// Thread-safe.
class RunFeed {
 public:
  static constexpr size_t kMaxCalls = 64;

  // `store` must outlive the feed and its calls.
  explicit RunFeed(const Store& store) : store_(store) {}

  // Answers one call; the reactor owns itself. RESOURCE_EXHAUSTED if there are too many,
  // UNAVAILABLE after Stop.
  grpc::ServerWriteReactor<::jobexecutor::v1::WatchRunsResponse>* Open(
      const ::jobexecutor::v1::RunFilter& filter);

  // An event may have changed. Cheap; does not wait for any reader.
  void Notify(absl::string_view hash);

  // Ends all calls with UNAVAILABLE, also those to come.
  void Stop();

 private:
  friend class WatchCall;

  void Remove(const WatchCall* call);

  const Store& store_;
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<WatchCall>> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::reporter
