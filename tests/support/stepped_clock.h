// A clock for parts that sleep on a thread of their own: a wait ends when the test has moved time
// by its duration, not earlier.
#pragma once

#include "tests/support/settable_clock.h"

namespace jobexec::testing {

// Thread-safe.
class SteppedClock final : public SettableClock {
 public:
  bool WaitOrStop(const absl::Notification& stop, absl::Duration duration) override {
    const absl::Duration end = Elapsed() + duration;
    while (Elapsed() < end) {
      if (stop.WaitForNotificationWithTimeout(absl::Milliseconds(1))) return true;
    }
    return stop.HasBeenNotified();
  }
};

}  // namespace jobexec::testing
