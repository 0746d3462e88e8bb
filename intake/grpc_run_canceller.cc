#include "intake/grpc_run_canceller.h"

#include <grpcpp/grpcpp.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/status.h"

namespace jobexec::intake {

struct GrpcRunCanceller::Call {
  grpc::ClientContext context;
  CancelRunsRequest request;
  CancelRunsResponse response;
  Done done;
};

GrpcRunCanceller::GrpcRunCanceller(const std::shared_ptr<grpc::Channel>& channel,
                                   const Options& options, Clock& clock)
    : options_(options), clock_(clock), stub_(jobexecutor::v1::Scheduler::NewStub(channel)) {}

GrpcRunCanceller::~GrpcRunCanceller() { Stop(); }

void GrpcRunCanceller::Cancel(CancelRunsRequest request, Done done) {
  const auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->done = std::move(done);
  call->context.set_deadline(absl::ToChronoTime(clock_.TimeNow() + options_.timeout));
  call->context.set_wait_for_ready(true);
  // From here on Stop may break it off.
  if (absl::Status taken = TryAdd(call); !taken.ok()) {
    return std::move(call->done)(std::move(taken));
  }
  stub_->async()->CancelRuns(
      &call->context, &call->request, &call->response,
      [this, &open = *call](const grpc::Status& status) { OnDone(open, rpc::FromGrpc(status)); });
}

absl::Status GrpcRunCanceller::TryAdd(const std::shared_ptr<Call>& call) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("intake is stopping");
  if (calls_.size() >= options_.max_calls) {
    return absl::UnavailableError(absl::StrCat(calls_.size(), " cancels are under way"));
  }
  calls_.insert(call);
  return absl::OkStatus();
}

void GrpcRunCanceller::OnDone(Call& call, absl::Status status) {
  if (status.ok()) {
    std::move(call.done)(std::move(call.response));
  } else {
    std::move(call.done)(std::move(status));
  }
  absl::MutexLock lock(&mutex_);
  calls_.erase(&call);
  // Stop may return, and this be gone, as soon as the lock is.
}

void GrpcRunCanceller::Stop() {
  std::vector<std::shared_ptr<Call>> open;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    open.assign(calls_.begin(), calls_.end());
  }
  // A call that has not quite begun ends as soon as it does.
  for (const std::shared_ptr<Call>& call : open) call->context.TryCancel();
  const auto none_left = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_.empty(); };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&none_left));
}

}  // namespace jobexec::intake
