// Time as a dependency: product code takes a Clock&, tests give a fake one.
//
// Its shape is that of Abseil's clock_interface.h (newer than the distributions' Abseil), with one
// addition: a wait that a stopping process can cut short.
#pragma once

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace jobexec {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall clock; may jump. For time stamps and deadlines that travel between processes.
  virtual absl::Time TimeNow() = 0;

  // Time since an arbitrary start, counting also while the machine is suspended (CLOCK_BOOTTIME);
  // never jumps back. For every interval measured inside one process.
  virtual absl::Duration Elapsed() = 0;

  // Waits for `duration` or until `stop` is notified, whichever comes first. Returns true if stop
  // was notified. A zero or negative duration only looks at `stop`.
  virtual bool WaitOrStop(const absl::Notification& stop, absl::Duration duration) = 0;
};

// The process's real clock. Never destroyed.
Clock& RealClock();

}  // namespace jobexec
