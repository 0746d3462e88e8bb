// The server side of Scheduler.StreamEvents: moves submissions to the workers and outcomes back.
//
// Flow control: a stream reads no further submission while its window of undecided ones is full;
// HTTP/2 then stops the client. Outcomes are written one after the other; while more wait, gRPC is
// told to buffer, so that acknowledgements travel in batches.
//
// Follows gRPC's callback API: one read, one write and exactly one Finish per call, never under our
// lock.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "jobexecutor/v1/event.pb.h"
#include "scheduler/metrics.h"
#include "scheduler/submission_queue.h"

namespace jobexec::scheduler {

class EventStream;

// All open calls. Thread-safe.
class EventStreams {
 public:
  // At most `window` submissions of one call are undecided at a time. The references must outlive
  // every call.
  EventStreams(SubmissionQueue& queue, int window, Metrics& metrics)
      : queue_(queue), window_(window), metrics_(metrics) {}

  // Starts to serve one call. The reactor owns itself until gRPC says that it is done.
  grpc::ServerBidiReactor<jobexecutor::v1::EventSubmission, jobexecutor::v1::EventOutcome>* Serve();

  // Reads no more submissions from any call, present or future, and ends each with UNAVAILABLE once
  // what it has submitted is answered.
  void Drain();

 private:
  SubmissionQueue& queue_;
  const int window_;
  Metrics& metrics_;
  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::weak_ptr<EventStream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::scheduler
