#include "common/rpc/status.h"

#include <grpcpp/grpcpp.h>

#include <string>

#include "common/base/status_details.h"
#include "common/rpc/time.h"
#include "jobexecutor/v1/error_details.pb.h"

namespace jobexec::rpc {
namespace {

void PackRetryInfo(absl::Duration delay, google::rpc::Status& details) {
  google::rpc::RetryInfo retry;
  *retry.mutable_retry_delay() = ToWire(delay);
  details.add_details()->PackFrom(retry);
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  if (const std::string reason = GetReason(status); !reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    info.set_domain("jobexec.dev");
    details.add_details()->PackFrom(info);
  }
  if (const auto delay = GetRetryAfter(status)) PackRetryInfo(*delay, details);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      details.details().empty() ? std::string() : details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      SetReason(result, info.reason());
    } else if (detail.UnpackTo(&retry)) {
      SetRetryAfter(result, FromWire(retry.retry_delay()));
    }
  }
  return result;
}

}  // namespace jobexec::rpc
