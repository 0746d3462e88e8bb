#include "tests/support/keptn/delays.h"

#include <utility>

namespace jobexec::test_keptn {

Delays::Delays(Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

Delays::~Delays() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  thread_.join();
}

void Delays::After(absl::Duration delay, Work work) {
  absl::MutexLock lock(&mutex_);
  work_.emplace(clock_.Elapsed() + delay, std::move(work));
  changed_.Signal();
}

absl::Duration Delays::UntilNextLocked() const {
  return work_.empty() ? absl::InfiniteDuration() : work_.begin()->first - clock_.Elapsed();
}

void Delays::Run() {
  while (true) {
    Work work;
    {
      absl::MutexLock lock(&mutex_);
      while (!stopping_ && UntilNextLocked() > absl::ZeroDuration()) {
        changed_.WaitWithTimeout(&mutex_, UntilNextLocked());
      }
      if (stopping_) return;
      work = std::move(work_.begin()->second);
      work_.erase(work_.begin());
    }
    std::move(work)();
  }
}

}  // namespace jobexec::test_keptn
