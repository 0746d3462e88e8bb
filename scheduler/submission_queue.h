// Between the gRPC calls and the workers: every submission gets exactly one outcome.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "common/base/clock.h"
#include "common/base/worker_pool.h"
#include "jobexecutor/v1/event.pb.h"
#include "scheduler/event_handler.h"
#include "scheduler/metrics.h"

namespace jobexec::scheduler {

// Thread-safe.
class SubmissionQueue {
 public:
  // The references must outlive the queue.
  SubmissionQueue(EventHandler& handler, WorkerPool& workers, Clock& clock, Metrics& metrics)
      : handler_(handler), workers_(workers), clock_(clock), metrics_(metrics) {}

  // Gets the outcome of one submission, with its sequence number. Runs on a worker, exactly once.
  using Done = absl::AnyInvocable<void(jobexecutor::v1::EventOutcome) &&>;

  // Hands the submission to a worker. If no more can wait, `done` gets RETRY at once on this
  // thread. Returns false in that case.
  bool Submit(jobexecutor::v1::EventSubmission submission, Done done);

  // Decides a task that comes without a config on this thread, a worker's.
  jobexecutor::v1::EventOutcome Decide(const TaskSubmission& task);

 private:
  jobexecutor::v1::EventOutcome Decide(const jobexecutor::v1::EventSubmission& submission);
  jobexecutor::v1::EventOutcome Measure(const jobexecutor::v1::EventSubmission& submission,
                                        absl::FunctionRef<jobexecutor::v1::EventOutcome()> decide);

  EventHandler& handler_;
  WorkerPool& workers_;
  Clock& clock_;
  Metrics& metrics_;
};

}  // namespace jobexec::scheduler
