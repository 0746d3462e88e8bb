// A clock for parts that run threads of their own: time moves only when the test says so, but waits
// end by themselves after a moment, so that loops go round and see the new time.
#pragma once

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace jobexec::testing {

// Thread-safe.
class ManualClock final : public Clock {
 public:
  absl::Time TimeNow() override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  absl::Duration Elapsed() override { return TimeNow() - absl::UnixEpoch(); }
  bool WaitOrStop(const absl::Notification& stop, absl::Duration duration) override {
    return stop.WaitForNotificationWithTimeout(std::min(duration, absl::Milliseconds(1)));
  }
  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'700'000'000);
};

}  // namespace jobexec::testing
