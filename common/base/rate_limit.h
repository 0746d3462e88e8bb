// Bounds how often something is done, e.g. a log line that a stranger can trigger.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace jobexec {

// Thread-safe.
class RateLimit {
 public:
  // Allows up to `per_second` in each second of `clock`, which must outlive this.
  RateLimit(Clock& clock, int64_t per_second) : clock_(clock), per_second_(per_second) {}

  // Nothing if it is not allowed now; else how often it was not since it last was.
  std::optional<int64_t> Allow();

 private:
  Clock& clock_;
  const int64_t per_second_;
  absl::Mutex mutex_;
  absl::Duration second_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  int64_t allowed_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t suppressed_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace jobexec
