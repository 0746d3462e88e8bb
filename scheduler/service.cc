#include "scheduler/service.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/rpc/status.h"
#include "common/rpc/time.h"
#include "common/runs/names.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/grant.h"
#include "scheduler/task_request.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::EventOutcome;
using jobexecutor::v1::RenderJobsRequest;
using jobexecutor::v1::RenderJobsResponse;
using jobexecutor::v1::RunTaskRequest;
using jobexecutor::v1::RunTaskResponse;

constexpr size_t kMaxConfigBytes = 1024 * 1024;
constexpr absl::Duration kLongestCall = absl::Seconds(60);

absl::Status QueueFull() {
  absl::Status status = absl::ResourceExhaustedError("the scheduler's queue is full");
  SetReason(status, "QUEUE_FULL");
  SetRetryAfter(status, absl::Seconds(1));
  return status;
}

const std::string& BodyOf(const Plan& plan, const std::string& name) {
  for (const PlannedJob& member : plan.members) {
    if (member.name == name) return member.body;
  }
  return plan.anchor.body;
}

absl::StatusOr<RenderJobsResponse> Render(EventHandler& handler, const RenderJobsRequest& request) {
  const auto preview = handler.PreviewPlan(
      request.event(),
      request.config().empty() ? std::nullopt : std::make_optional(request.config()));
  if (!preview.ok()) return preview.status();
  RenderJobsResponse response;
  response.set_ignored_reason(preview->ignored_reason);
  if (preview->plan.refusal.has_value()) {
    absl::Status refused(static_cast<absl::StatusCode>(preview->plan.refusal->code),
                         preview->plan.refusal->message);
    SetReason(refused, preview->plan.refusal->reason);
    return refused;
  }
  for (const runs::ManifestEntry& entry : preview->plan.manifest) {
    if (entry.job.empty()) continue;
    auto& job = *response.add_jobs();
    job.set_namespace_(entry.name_space);
    job.set_name(entry.job);
    job.set_action(entry.action_name);
    job.set_task(entry.task_name);
    job.set_manifest_json(WithoutGrant(BodyOf(preview->plan, entry.job)));
  }
  return response;
}

// Until when a call may begin something: its own deadline, but not for long.
absl::Time DeadlineOf(const grpc::CallbackServerContext& context, Clock& clock) {
  return std::min(absl::FromChrono(context.deadline()), clock.TimeNow() + kLongestCall);
}

// What a caller of RunTask is told instead of an outcome.
absl::Status StatusOf(const EventOutcome& outcome) {
  if (outcome.has_accepted()) return absl::OkStatus();
  if (outcome.has_rejected()) {
    const auto& rejected = outcome.rejected();
    absl::Status status(static_cast<absl::StatusCode>(rejected.code()), rejected.message());
    SetReason(status, rejected.reason());
    return status;
  }
  absl::Status status = absl::UnavailableError(outcome.retry().reason());
  SetRetryAfter(status, rpc::FromWire(outcome.retry().delay()));
  return status;
}

absl::Status Run(SubmissionQueue& queue, const RunTaskRequest& request, absl::Time deadline,
                 RunTaskResponse& response) {
  ASSIGN_OR_RETURN(TaskSubmission task, ReadTaskRequest(request));
  *task.submission.mutable_deadline() = rpc::ToWire(deadline);
  const EventOutcome outcome = queue.Decide(task);
  RETURN_IF_ERROR(StatusOf(outcome));
  const auto& event = task.submission.event();
  response.set_event_source(event.source());
  response.set_event_id(event.id());
  response.set_run(runs::RunName(runs::EventHash(event.source(), event.id()), 0));
  response.set_already_known(outcome.accepted().already_known());
  if (!outcome.accepted().runs().empty() && !outcome.accepted().runs(0).jobs().empty()) {
    response.set_job(outcome.accepted().runs(0).jobs(0));
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerBidiReactor<jobexecutor::v1::EventSubmission, EventOutcome>*
SchedulerService::StreamEvents(grpc::CallbackServerContext* /*context*/) {
  return streams_.Serve();
}

grpc::ServerUnaryReactor* SchedulerService::SubmitEvent(
    grpc::CallbackServerContext* context, const jobexecutor::v1::SubmitEventRequest* request,
    jobexecutor::v1::SubmitEventResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  jobexecutor::v1::EventSubmission submission = request->submission();
  submission.set_sequence(0);
  queue_.Submit(std::move(submission), [reactor, response](EventOutcome outcome) {
    *response->mutable_outcome() = std::move(outcome);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* SchedulerService::RunTask(grpc::CallbackServerContext* context,
                                                    const RunTaskRequest* request,
                                                    RunTaskResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Time deadline = DeadlineOf(*context, clock_);
  const bool queued = workers_.TrySubmit([this, reactor, request, response, deadline] {
    reactor->Finish(rpc::ToGrpc(Run(queue_, *request, deadline, *response)));
  });
  if (!queued) reactor->Finish(rpc::ToGrpc(QueueFull()));
  return reactor;
}

grpc::ServerUnaryReactor* SchedulerService::CancelRuns(
    grpc::CallbackServerContext* context, const jobexecutor::v1::CancelRunsRequest* request,
    jobexecutor::v1::CancelRunsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Time deadline = DeadlineOf(*context, clock_);
  const bool queued = workers_.TrySubmit([this, reactor, request, response, deadline] {
    auto cancelled = canceller_.Cancel(*request, deadline);
    const absl::Status status = cancelled.status();
    if (status.ok()) *response = *std::move(cancelled);
    reactor->Finish(rpc::ToGrpc(status));
  });
  if (!queued) reactor->Finish(rpc::ToGrpc(QueueFull()));
  return reactor;
}

grpc::ServerUnaryReactor* SchedulerService::RenderJobs(grpc::CallbackServerContext* context,
                                                       const RenderJobsRequest* request,
                                                       RenderJobsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool queued = workers_.TrySubmit([this, reactor, request, response] {
    auto rendered = Render(handler_, *request);
    const absl::Status status = rendered.status();
    if (status.ok()) *response = *std::move(rendered);
    reactor->Finish(rpc::ToGrpc(status));
  });
  if (!queued) reactor->Finish(rpc::ToGrpc(QueueFull()));
  return reactor;
}

grpc::ServerUnaryReactor* SchedulerService::ValidateConfig(
    grpc::CallbackServerContext* context, const jobexecutor::v1::ValidateConfigRequest* request,
    jobexecutor::v1::ValidateConfigResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (request->config().size() > kMaxConfigBytes) {
    reactor->Finish(rpc::ToGrpc(absl::ResourceExhaustedError(absl::StrCat(
        "config has ", request->config().size(), " bytes, the limit is ", kMaxConfigBytes))));
    return reactor;
  }
  const bool queued = workers_.TrySubmit([reactor, request, response] {
    for (const ConfigFault& fault : ParseJobConfig("job/config.yaml", request->config()).faults) {
      auto& out = *response->add_faults();
      out.set_line(fault.position.line);
      out.set_column(fault.position.column);
      out.set_message(fault.message);
    }
    reactor->Finish(grpc::Status::OK);
  });
  if (!queued) reactor->Finish(rpc::ToGrpc(QueueFull()));
  return reactor;
}

}  // namespace jobexec::scheduler
