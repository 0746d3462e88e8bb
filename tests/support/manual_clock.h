// A clock for parts that run threads of their own: time moves only when the test says so, but waits
// end by themselves after a moment, so that loops go round and see the new time.
#pragma once

#include <algorithm>

#include "tests/support/settable_clock.h"

namespace jobexec::testing {

// Thread-safe.
class ManualClock final : public SettableClock {
 public:
  bool WaitOrStop(const absl::Notification& stop, absl::Duration duration) override {
    return stop.WaitForNotificationWithTimeout(std::min(duration, absl::Milliseconds(1)));
  }
};

}  // namespace jobexec::testing
