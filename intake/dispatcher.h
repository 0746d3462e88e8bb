// Between the sources and the scheduler: bounds what is in flight, sets deadlines, counts and logs
// what is decided.
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
#include "common/cloudevents/event.h"
#include "intake/metrics.h"
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

  // All must outlive the dispatcher, and the link must have answered everything before it goes.
  Dispatcher(SchedulerLink& link, const Options& options, Clock& clock, Metrics& metrics)
      : link_(link), options_(options), clock_(clock), metrics_(metrics) {}

  // Submits the events of one request, which came in by `via`: all of them or none.
  void Dispatch(std::vector<cloudevents::Event> events, EventSubmission::Via via, Callback done);

 private:
  absl::Status Reserve(size_t events);
  void Release();
  void Submit(cloudevents::Event event, EventSubmission::Via via, SchedulerLink::Callback done);

  SchedulerLink& link_;
  const Options options_;
  Clock& clock_;
  Metrics& metrics_;
  absl::Mutex mutex_;
  size_t in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace jobexec::intake
