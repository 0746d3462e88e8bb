#include "common/base/clock.h"

#include <ctime>

#include "absl/time/clock.h"

namespace jobexec {
namespace {

class SystemClock final : public Clock {
 public:
  absl::Time TimeNow() override { return absl::Now(); }

  absl::Duration Elapsed() override {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return absl::DurationFromTimespec(now);
  }

  bool WaitOrStop(const absl::Notification& stop, absl::Duration duration) override {
    return stop.WaitForNotificationWithTimeout(duration);
  }
};

}  // namespace

Clock& RealClock() {
  // Leaked on purpose: threads may still ask for the time while the process exits.
  static Clock& clock = *new SystemClock;
  return clock;
}

}  // namespace jobexec
