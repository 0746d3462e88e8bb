#include "reporter/run_feed.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "common/rpc/status.h"
#include "common/runs/names.h"
#include "reporter/refused_call.h"
#include "reporter/run_messages.h"

namespace jobexec::reporter {
namespace {

using ::jobexecutor::v1::Run;
using ::jobexecutor::v1::RunFilter;
using ::jobexecutor::v1::WatchRunsResponse;
using RunReactor = grpc::ServerWriteReactor<WatchRunsResponse>;

}  // namespace

// One call. Keeps which events have changed since they were sent, not the changes: a slow reader
// costs one name per event and gets the last state.
class WatchCall final : public RunReactor, public std::enable_shared_from_this<WatchCall> {
 public:
  WatchCall(const Store& store, RunFeed& feed, RunFilter filter)
      : store_(store), feed_(feed), filter_(std::move(filter)) {}

  void Notify(absl::string_view hash) {
    {
      absl::MutexLock lock(&mutex_);
      if (changed_.insert(std::string(hash)).second) waiting_.push_back(std::string(hash));
    }
    Advance();
  }

  // Ends the call as soon as no write is under way.
  void End(absl::Status status) {
    {
      absl::MutexLock lock(&mutex_);
      if (!end_.has_value()) end_ = std::move(status);
    }
    Advance();
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      outbox_.pop_front();
      if (!ok && !end_.has_value()) end_ = absl::CancelledError("the caller is gone");
    }
    Advance();
  }

  void OnCancel() override { End(absl::CancelledError("cancelled")); }

  void OnDone() override { feed_.Remove(this); }

 private:
  // Starts the next write or finishes. At most one of both is ever under way: the flags are set
  // under the lock, the operation starts after it.
  void Advance() {
    std::optional<absl::Status> end;
    WatchRunsResponse* next = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      if (writing_ || finished_) return;
      if (end_.has_value()) {
        finished_ = true;
        end = end_;
      } else {
        while (outbox_.empty() && !waiting_.empty()) FillLocked();
        if (outbox_.empty()) return;
        writing_ = true;
        next = &outbox_.front();
      }
    }
    if (next != nullptr) {
      StartWrite(next);
    } else {
      Finish(rpc::ToGrpc(*end));
    }
  }

  // Puts what is new of the next changed event into the outbox.
  void FillLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string hash = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.erase(hash);
    std::vector<Run> runs;
    if (const std::optional<EventSnapshot> snapshot = store_.Get(hash)) {
      const EventState state = Fold(*snapshot);
      if (state.anchor != nullptr && !state.anchor->gone && Matches(filter_, *state.anchor)) {
        runs = RunMessages(state);
      }
    }
    if (runs.empty()) return FillRemovedLocked(hash);
    for (Run& run : runs) {
      size_t& sent = sent_[hash][run.name()];
      const size_t fingerprint = std::hash<std::string>()(run.SerializeAsString());
      if (sent == fingerprint) continue;
      sent = fingerprint;
      *outbox_.emplace_back().mutable_run() = std::move(run);
    }
  }

  void FillRemovedLocked(const std::string& hash) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto sent = sent_.find(hash);
    if (sent == sent_.end()) return;
    for (const auto& [name, fingerprint] : sent->second) {
      WatchRunsResponse& response = outbox_.emplace_back();
      response.mutable_run()->set_name(name);
      response.set_removed(true);
    }
    sent_.erase(sent);
  }

  const Store& store_;
  RunFeed& feed_;
  const RunFilter filter_;
  absl::Mutex mutex_;
  absl::flat_hash_set<std::string> changed_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<WatchRunsResponse> outbox_ ABSL_GUARDED_BY(mutex_);
  // What was sent last of each run, by event and name.
  absl::flat_hash_map<std::string, std::map<std::string, size_t>> sent_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

grpc::ServerWriteReactor<WatchRunsResponse>* RunFeed::Open(const RunFilter& filter) {
  auto call = std::make_shared<WatchCall>(store_, *this, filter);
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_)
      return new RefusedCall<WatchRunsResponse>(absl::UnavailableError("the reporter is stopping"));
    if (calls_.size() >= kMaxCalls) {
      return new RefusedCall<WatchRunsResponse>(
          absl::ResourceExhaustedError("too many WatchRuns calls"));
    }
    calls_.push_back(call);
  }
  std::vector<std::string> hashes;
  store_.ForEachAnchor([&](const JobPtr& anchor) {
    if (Matches(filter, *anchor)) hashes.push_back(anchor->record.event_hash);
  });
  for (const std::string& hash : hashes) call->Notify(hash);
  return call.get();
}

void RunFeed::Notify(absl::string_view hash) {
  std::vector<std::shared_ptr<WatchCall>> calls;
  {
    absl::MutexLock lock(&mutex_);
    calls = calls_;
  }
  for (const std::shared_ptr<WatchCall>& call : calls) call->Notify(hash);
}

void RunFeed::Stop() {
  std::vector<std::shared_ptr<WatchCall>> calls;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    calls = calls_;
  }
  for (const std::shared_ptr<WatchCall>& call : calls) {
    call->End(absl::UnavailableError("the reporter is stopping"));
  }
}

void RunFeed::Remove(const WatchCall* call) {
  std::shared_ptr<WatchCall> last;  // destroyed after the lock
  absl::MutexLock lock(&mutex_);
  const auto found = std::find_if(calls_.begin(), calls_.end(),
                                  [&](const auto& known) { return known.get() == call; });
  if (found == calls_.end()) return;
  last = std::move(*found);
  calls_.erase(found);
}

}  // namespace jobexec::reporter
