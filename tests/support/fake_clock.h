// A clock that only tests move.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace jobexec::testing {

// Thread-safe. WaitOrStop never blocks: it advances the clock by the duration and records it, so a
// loop with back-off runs to its end at once and the test reads how long it would have waited.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1'700'000'000)) : now_(start) {}

  absl::Time TimeNow() override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  absl::Duration Elapsed() override { return TimeNow() - absl::UnixEpoch(); }
  bool WaitOrStop(const absl::Notification& stop, absl::Duration duration) override {
    if (stop.HasBeenNotified()) return true;
    if (duration > absl::ZeroDuration()) Advance(duration);
    return false;
  }
  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::testing
