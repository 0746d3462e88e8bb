// Does things later.
#pragma once

#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace jobexec::test_keptn {

// Thread-safe. What has not come to its time when this is destroyed is dropped undone.
class Delays {
 public:
  using Work = absl::AnyInvocable<void() &&>;

  // `clock` must outlive this and run in real time.
  explicit Delays(Clock& clock);
  ~Delays();
  Delays(const Delays&) = delete;
  Delays& operator=(const Delays&) = delete;

  // Runs `work` on the thread of this object after `delay`.
  void After(absl::Duration delay, Work work);

 private:
  void Run();
  absl::Duration UntilNextLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::multimap<absl::Duration, Work> work_ ABSL_GUARDED_BY(mutex_);  // by when it is due
  std::thread thread_;
};

}  // namespace jobexec::test_keptn
