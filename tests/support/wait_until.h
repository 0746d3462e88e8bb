// Waiting for what another thread will do and no callback tells.
#pragma once

#include <functional>

#include "common/base/clock.h"

namespace jobexec::testing {

// Looks at `condition` again and again until it holds. False after 30 s.
inline bool WaitUntil(const std::function<bool()>& condition) {
  const absl::Duration limit = RealClock().Elapsed() + absl::Seconds(30);
  const absl::Notification never;
  while (!condition()) {
    if (RealClock().Elapsed() > limit) return false;
    RealClock().WaitOrStop(never, absl::Milliseconds(1));
  }
  return true;
}

}  // namespace jobexec::testing
