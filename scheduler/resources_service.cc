#include "scheduler/resources_service.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/resources/lookup.h"
#include "common/rpc/status.h"
#include "common/telemetry/log.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::FetchResponse;

constexpr size_t kChunkBytes = 1024 * 1024;

// One Fetch call. A worker produces the files and waits for each write, so at most one file is held
// in memory; the wait ends when the call is cancelled.
class FetchCall final : public grpc::ServerWriteReactor<FetchResponse> {
 public:
  // Runs on a worker. Returns after the last write; the caller finishes the call. What several
  // entries name goes once: a repeat would look like more pieces of the same file.
  absl::Status WriteFile(const std::string& path, const std::string& content) {
    if (!written_.insert(path).second) return absl::OkStatus();
    size_t offset = 0;
    do {
      FetchResponse piece;
      piece.set_path(path);
      piece.set_chunk(content.substr(offset, kChunkBytes));
      piece.set_executable(offset == 0 && absl::StartsWith(content, "#!"));
      RETURN_IF_ERROR(WritePiece(std::move(piece)));
      offset += kChunkBytes;
    } while (offset < content.size());
    return absl::OkStatus();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    write_pending_ = false;
    broken_ = broken_ || !ok;
  }

  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    broken_ = true;
  }

  // The worker holds a reference of its own until it has called Finish.
  void OnDone() override { self_.reset(); }

  void Keep(std::shared_ptr<FetchCall> self) { self_ = std::move(self); }

 private:
  absl::Status WritePiece(FetchResponse piece) {
    {
      absl::MutexLock lock(&mutex_);
      if (broken_) return absl::CancelledError("the init container went away");
      writing_ = std::move(piece);
      write_pending_ = true;
    }
    StartWrite(&writing_);
    absl::MutexLock lock(&mutex_);
    // gRPC ends every write, also when the call is cancelled.
    mutex_.Await(absl::Condition(
        +[](bool* pending) { return !*pending; }, &write_pending_));
    return broken_ ? absl::CancelledError("the init container went away") : absl::OkStatus();
  }

  std::shared_ptr<FetchCall> self_;
  std::set<std::string> written_;  // paths, of the worker alone
  FetchResponse writing_;
  absl::Mutex mutex_;
  bool write_pending_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
};

absl::Status SendFiles(resources::Store& store, const Grant& grant, FetchCall& call) {
  for (const std::string& entry : grant.files) {
    const absl::Status sent =
        resources::ReadEntry(store, grant.scope, entry, grant.commit,
                             [&call](const std::string& path, const std::string& content) {
                               return call.WriteFile(path, content);
                             });
    if (!sent.ok()) return Annotate(sent, absl::StrCat("fetching \"", entry, "\""));
  }
  return absl::OkStatus();
}

void LogFetch(const std::string& job, const absl::Status& status) {
  if (status.ok()) {
    log::Info("files fetched", {{"job", job}});
  } else {
    log::Warning("files not fetched", {{"job", job}, {"error", std::string(status.message())}});
  }
}

}  // namespace

grpc::ServerWriteReactor<FetchResponse>* ResourcesService::Fetch(
    grpc::CallbackServerContext* /*context*/, const jobexecutor::v1::FetchRequest* request) {
  auto call = std::make_shared<FetchCall>();
  call->Keep(call);
  const auto grant = signer_.Verify(request->grant(), clock_.TimeNow());
  if (!grant.ok()) {
    metrics_.fetches_denied.Increment();
    LogFetch("unknown", grant.status());
    call->Finish(rpc::ToGrpc(grant.status()));
    return call.get();
  }
  const bool queued = workers_.TrySubmit([this, call, grant = *grant] {
    const absl::Status status = SendFiles(store_, grant, *call);
    (status.ok() ? metrics_.fetches_ok : metrics_.fetches_failed).Increment();
    LogFetch(grant.job, status);
    call->Finish(rpc::ToGrpc(status));
  });
  if (!queued) {
    metrics_.fetches_failed.Increment();
    call->Finish(rpc::ToGrpc(absl::UnavailableError("too many init containers fetch at once")));
  }
  return call.get();
}

}  // namespace jobexec::scheduler
