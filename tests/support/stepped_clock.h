// A clock for parts that sleep on a thread of their own: a wait ends when the test has moved time
// by its duration, not earlier.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace jobexec::testing {

// Thread-safe.
class SteppedClock final : public Clock {
 public:
  absl::Time TimeNow() override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  absl::Duration Elapsed() override { return TimeNow() - absl::UnixEpoch(); }
  bool WaitOrStop(const absl::Notification& stop, absl::Duration duration) override {
    const absl::Duration end = Elapsed() + duration;
    while (Elapsed() < end) {
      if (stop.WaitForNotificationWithTimeout(absl::Milliseconds(1))) return true;
    }
    return stop.HasBeenNotified();
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
