#include "common/base/rate_limit.h"

#include <utility>

namespace jobexec {

std::optional<int64_t> RateLimit::Allow() {
  const absl::Duration second = absl::Floor(clock_.Elapsed(), absl::Seconds(1));
  absl::MutexLock lock(&mutex_);
  if (second != second_) {
    second_ = second;
    allowed_ = 0;
  }
  if (allowed_ >= per_second_) {
    ++suppressed_;
    return std::nullopt;
  }
  ++allowed_;
  return std::exchange(suppressed_, 0);
}

}  // namespace jobexec
