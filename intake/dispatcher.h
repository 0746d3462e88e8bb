// Between the sources and the scheduler: bounds what is in flight, has old deliveries looked up,
// sets deadlines, counts and logs what is decided.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "intake/delivery.h"
#include "intake/metrics.h"
#include "intake/old_deliveries.h"
#include "intake/scheduler_link.h"

namespace jobexec::intake {

// Thread-safe.
class Dispatcher {
 public:
  struct Options {
    size_t max_in_flight = 1024;  // events of all sources together
    // From now to the deadline that travels with a submission: after it the scheduler creates
    // nothing and the source is told to try again. At most 60 s, which the scheduler's and the
    // reporter's timing counts on.
    absl::Duration submit_timeout = absl::Seconds(60);
  };

  // One outcome per event, in their order.
  using Outcomes = std::vector<EventOutcome>;
  // Called exactly once, without locks, on any thread or inside of Dispatch; must not block.
  // Errors: UNAVAILABLE no room now, RESOURCE_EXHAUSTED more events than there will ever be room
  // for; nothing was submitted then.
  using Callback = absl::AnyInvocable<void(absl::StatusOr<Outcomes>) &&>;
  // The same for one event: it has an outcome.
  using EventCallback = SchedulerLink::Callback;

  // `old` looks up old deliveries; null: there is nowhere to look, all are submitted at once. All
  // must outlive the dispatcher; the link and `old` must have answered everything before it goes.
  Dispatcher(SchedulerLink& link, const Options& options, Clock& clock, Metrics& metrics,
             OldDeliveries* old = nullptr)
      : link_(link), options_(options), clock_(clock), metrics_(metrics), old_(old) {}

  // Submits the events of one request: all of them or none. One that turns out to have been
  // answered before is not submitted: its outcome is "accepted", already known and without runs.
  void Dispatch(std::vector<Delivery> deliveries, Callback done);

  // Submits one event. False: there is no room now, and both are untouched.
  bool TryDispatch(Delivery&& delivery, EventCallback&& done);

  // How many further events there is room for at this moment.
  size_t Room() const;

 private:
  struct Ticket;  // an event in flight

  absl::Status Reserve(size_t events);
  void Begin(Delivery delivery, EventCallback done);
  void LookUp(std::shared_ptr<Ticket> ticket);
  void Submit(std::shared_ptr<Ticket> ticket);
  void Finish(Ticket& ticket, EventOutcome outcome);

  SchedulerLink& link_;
  const Options options_;
  Clock& clock_;
  Metrics& metrics_;
  OldDeliveries* const old_;
  mutable absl::Mutex mutex_;
  size_t in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace jobexec::intake
