// Growing, jittered delays between attempts.
#pragma once

#include "absl/random/random.h"
#include "absl/time/time.h"

namespace jobexec {

// Not thread-safe.
class Backoff {
 public:
  // First delay about `initial`, doubled each time, never above `limit`.
  Backoff(absl::Duration initial, absl::Duration limit) : initial_(initial), limit_(limit) {}

  // The next delay: between half and all of the present step, so that clients spread.
  absl::Duration Next();

  // Starts again after a success.
  void Reset() { step_ = absl::ZeroDuration(); }

 private:
  const absl::Duration initial_;
  const absl::Duration limit_;
  absl::Duration step_ = absl::ZeroDuration();
  absl::BitGen random_;
};

}  // namespace jobexec
