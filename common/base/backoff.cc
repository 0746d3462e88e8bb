#include "common/base/backoff.h"

#include <algorithm>

namespace jobexec {

absl::Duration Backoff::Next() {
  step_ = step_ == absl::ZeroDuration() ? initial_ : std::min(step_ * 2, limit_);
  return step_ * absl::Uniform(random_, 0.5, 1.0);
}

}  // namespace jobexec
