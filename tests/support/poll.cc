#include "tests/support/poll.h"

#include "absl/synchronization/notification.h"
#include "common/base/clock.h"

namespace jobexec::testing {

bool PollUntil(const std::function<bool()>& done, absl::Duration timeout) {
  Clock& clock = RealClock();
  const absl::Notification never;
  const absl::Duration end = clock.Elapsed() + timeout;
  while (!done()) {
    if (clock.Elapsed() > end) return false;
    clock.WaitOrStop(never, absl::Milliseconds(20));
  }
  return true;
}

}  // namespace jobexec::testing
