#include "reporter/log_streams.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/status.h"
#include "reporter/refused_call.h"

namespace jobexec::reporter {
namespace {

using ::jobexecutor::v1::StreamLogsRequest;
using ::jobexecutor::v1::StreamLogsResponse;
using LogReactor = grpc::ServerWriteReactor<StreamLogsResponse>;

}  // namespace

// One call. Its worker gives it one message at a time and waits while one is under way.
class LogCall final : public LogReactor {
 public:
  LogCall(LogStreams& streams, grpc::CallbackServerContext* context,
          const StreamLogsRequest& request)
      : streams_(streams), context_(context), request_(request) {}

  // The call's life on a worker.
  void Serve() {
    const absl::Status status = streams_.reader_.Read(
        request_, stop_, [this](StreamLogsResponse message) { return Send(std::move(message)); });
    End(status);
  }

  // Makes the worker come to an end soon; `status` is what the caller gets. Only the first counts.
  void Interrupt(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    if (interrupted_.has_value()) return;
    interrupted_ = std::move(status);
    stop_.Notify();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) Interrupt(absl::CancelledError("the caller is gone"));
    absl::MutexLock lock(&mutex_);
    writing_ = false;
  }

  void OnCancel() override { Interrupt(absl::CancelledError("cancelled")); }

  void OnDone() override { streams_.Remove(this); }

 private:
  bool Send(StreamLogsResponse message) {
    if (!AwaitLastWrite()) {
      // Nothing but a cancel ends a write that the caller does not take.
      context_->TryCancel();
      return false;
    }
    {
      absl::MutexLock lock(&mutex_);
      if (interrupted_.has_value()) return false;
      writing_ = true;
      message_ = std::move(message);
    }
    StartWrite(&message_);
    return true;
  }

  // False if the caller takes too long.
  bool AwaitLastWrite() {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(this, &LogCall::MayGoOnLocked),
                                   streams_.options_.patience);
  }

  // The last write ends first: when the caller takes it, or when the call is cancelled.
  void End(absl::Status status) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &LogCall::IsIdleLocked));
      if (interrupted_.has_value()) status = *interrupted_;
    }
    Finish(rpc::ToGrpc(status));
  }

  bool IsIdleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writing_; }
  bool MayGoOnLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !writing_ || interrupted_.has_value();
  }

  LogStreams& streams_;
  grpc::CallbackServerContext* const context_;
  const StreamLogsRequest request_;
  absl::Notification stop_;
  StreamLogsResponse message_;  // gRPC's while a write is under way

  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> interrupted_ ABSL_GUARDED_BY(mutex_);
};

LogStreams::LogStreams(Options options, LogReader& reader)
    : options_(options),
      reader_(reader),
      workers_(options.max_calls, static_cast<size_t>(options.max_calls)) {}

LogReactor* LogStreams::Open(grpc::CallbackServerContext* context,
                             const StreamLogsRequest& request) {
  auto call = std::make_shared<LogCall>(*this, context, request);
  absl::MutexLock lock(&mutex_);
  if (stopped_) {
    return new RefusedCall<StreamLogsResponse>(absl::UnavailableError("the reporter is stopping"));
  }
  const bool has_room = calls_.size() < static_cast<size_t>(options_.max_calls);
  if (!has_room || !workers_.TrySubmit([call] { call->Serve(); })) {
    return new RefusedCall<StreamLogsResponse>(absl::ResourceExhaustedError(absl::StrCat(
        "all ", options_.max_calls, " log streams are in use: end one or try again later")));
  }
  calls_.push_back(call);
  return call.get();
}

void LogStreams::Stop() {
  std::vector<std::shared_ptr<LogCall>> calls;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    calls = calls_;
  }
  for (const std::shared_ptr<LogCall>& call : calls) {
    call->Interrupt(absl::UnavailableError("the reporter is stopping"));
  }
}

size_t LogStreams::open_calls() const {
  absl::MutexLock lock(&mutex_);
  return calls_.size();
}

void LogStreams::Remove(const LogCall* call) {
  std::shared_ptr<LogCall> last;  // destroyed after the lock
  absl::MutexLock lock(&mutex_);
  const auto found = std::find_if(calls_.begin(), calls_.end(),
                                  [&](const auto& known) { return known.get() == call; });
  if (found == calls_.end()) return;
  last = std::move(*found);
  calls_.erase(found);
}

}  // namespace jobexec::reporter
