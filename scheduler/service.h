// The gRPC services of the scheduler. Handlers only move data; the work runs on worker threads.
#pragma once

#include "common/base/clock.h"
#include "common/base/worker_pool.h"
#include "jobexecutor/v1/scheduler.grpc.pb.h"
#include "scheduler/canceller.h"
#include "scheduler/event_handler.h"
#include "scheduler/event_stream.h"
#include "scheduler/submission_queue.h"

namespace jobexec::scheduler {

class SchedulerService final : public jobexecutor::v1::Scheduler::CallbackService {
 public:
  // The references must outlive the service.
  SchedulerService(SubmissionQueue& queue, EventStreams& streams, EventHandler& handler,
                   Canceller& canceller, WorkerPool& workers, Clock& clock)
      : queue_(queue),
        streams_(streams),
        handler_(handler),
        canceller_(canceller),
        workers_(workers),
        clock_(clock) {}

  grpc::ServerBidiReactor<jobexecutor::v1::EventSubmission, jobexecutor::v1::EventOutcome>*
  StreamEvents(grpc::CallbackServerContext* context) override;

  grpc::ServerUnaryReactor* SubmitEvent(grpc::CallbackServerContext* context,
                                        const jobexecutor::v1::SubmitEventRequest* request,
                                        jobexecutor::v1::SubmitEventResponse* response) override;

  grpc::ServerUnaryReactor* RunTask(grpc::CallbackServerContext* context,
                                    const jobexecutor::v1::RunTaskRequest* request,
                                    jobexecutor::v1::RunTaskResponse* response) override;

  grpc::ServerUnaryReactor* CancelRuns(grpc::CallbackServerContext* context,
                                       const jobexecutor::v1::CancelRunsRequest* request,
                                       jobexecutor::v1::CancelRunsResponse* response) override;

  grpc::ServerUnaryReactor* RenderJobs(grpc::CallbackServerContext* context,
                                       const jobexecutor::v1::RenderJobsRequest* request,
                                       jobexecutor::v1::RenderJobsResponse* response) override;

  grpc::ServerUnaryReactor* ValidateConfig(
      grpc::CallbackServerContext* context, const jobexecutor::v1::ValidateConfigRequest* request,
      jobexecutor::v1::ValidateConfigResponse* response) override;

 private:
  SubmissionQueue& queue_;
  EventStreams& streams_;
  EventHandler& handler_;
  Canceller& canceller_;
  WorkerPool& workers_;
  Clock& clock_;
};

}  // namespace jobexec::scheduler
