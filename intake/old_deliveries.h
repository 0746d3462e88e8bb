// Looks up events that may have been answered long ago, on threads of its own.
//
// An event is normally known by its Jobs. They expire, though, while the event may be given again:
// a second executor works on it for hours, the controller lost our answer, an acknowledgement was
// lost. Then only the stored answer says that it ran already.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/worker_pool.h"
#include "intake/answered.h"
#include "intake/delivery.h"
#include "intake/metrics.h"

namespace jobexec::intake {

// Thread-safe.
class OldDeliveries {
 public:
  struct Options {
    int threads = 2;  // one scan of the stream serves all that wait for it
    size_t queue = 1024;
  };
  // True: it was answered. Any error: not known, the source gives it again. Called exactly once, on
  // a thread of the look-ups or inside of Ask.
  using Callback = absl::AnyInvocable<void(absl::StatusOr<bool>) &&>;

  // Both must outlive this.
  OldDeliveries(Answered& answered, const Options& options, Metrics& metrics);

  // Same as Stop().
  ~OldDeliveries();

  // `delivery` must live until the callback. RESOURCE_EXHAUSTED too many wait already; UNAVAILABLE
  // stopping; else as Answered.
  void Ask(const Delivery& delivery, Callback done);

  // Answers what waits with UNAVAILABLE and returns when every callback has run. Idempotent; not
  // from a callback.
  void Stop();

 private:
  absl::StatusOr<bool> LookUp(const Delivery& delivery);
  bool Stopping() const;

  Answered& answered_;
  Metrics& metrics_;
  mutable absl::Mutex mutex_;
  std::unique_ptr<WorkerPool> pool_ ABSL_GUARDED_BY(mutex_);  // null: stopping
};

}  // namespace jobexec::intake
