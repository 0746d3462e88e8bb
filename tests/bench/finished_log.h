// A sink for answers that notes when each .finished came.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tests/bench/parallel.h"
#include "tests/support/event_sink.h"

namespace jobexec::bench {

// Thread-safe.
class FinishedLog {
 public:
  // Listens on any free port of loopback.
  static absl::StatusOr<std::unique_ptr<FinishedLog>> Start();

  std::string Url() const;

  // Waits until each of these events has its .finished. DEADLINE_EXCEEDED with the number of those
  // that have.
  absl::Status Await(const std::vector<std::string>& event_ids, absl::Duration timeout) const;

  // From each event's start to its .finished. INTERNAL if its result is not "pass" or one is
  // missing.
  absl::StatusOr<ParallelResult> TimesOf(const std::vector<std::string>& event_ids,
                                         const std::vector<absl::Duration>& starts) const;

 private:
  FinishedLog() = default;
  void Note(const nlohmann::json& event);
  size_t Count(const std::vector<std::string>& event_ids) const;

  struct Finished {
    absl::Duration time;  // Clock::Elapsed of the first one
    std::string result;
  };

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Finished> finished_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<testing::EventSink> sink_;
};

}  // namespace jobexec::bench
