#include "scheduler/service.h"

#include <grpcpp/grpcpp.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/rpc/status.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/grant.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::EventOutcome;
using jobexecutor::v1::RenderJobsRequest;
using jobexecutor::v1::RenderJobsResponse;

constexpr size_t kMaxConfigBytes = 1024 * 1024;

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

grpc::ServerUnaryReactor* SchedulerService::RenderJobs(grpc::CallbackServerContext* context,
                                                       const RenderJobsRequest* request,
                                                       RenderJobsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool queued = workers_.TrySubmit([this, reactor, request, response] {
    auto rendered = Render(handler_, *request);
    if (rendered.ok()) *response = *std::move(rendered);
    reactor->Finish(rpc::ToGrpc(rendered.status()));
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
