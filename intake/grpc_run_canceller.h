// CancelRuns over gRPC.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "intake/run_canceller.h"
#include "jobexecutor/v1/scheduler.grpc.pb.h"

namespace grpc {
class Channel;
}

namespace jobexec::intake {

// Thread-safe. A call waits for a scheduler that is away, until its time is over.
class GrpcRunCanceller final : public RunCanceller {
 public:
  struct Options {
    absl::Duration timeout = absl::Seconds(15);  // of a call
    size_t max_calls = 32;                       // open at a time; more are refused
  };

  // `clock` must outlive it.
  GrpcRunCanceller(const std::shared_ptr<grpc::Channel>& channel, const Options& options,
                   Clock& clock);

  // Same as Stop().
  ~GrpcRunCanceller() override;

  void Cancel(CancelRunsRequest request, Done done) override;

  // Takes nothing more, breaks off what is open and returns when every callback has run.
  // Idempotent; not from a callback.
  void Stop();

 private:
  struct Call;

  // Why the call is not taken, or OK.
  absl::Status TryAdd(const std::shared_ptr<Call>& call);
  void OnDone(Call& call, absl::Status status);

  const Options options_;
  Clock& clock_;
  const std::unique_ptr<jobexecutor::v1::Scheduler::Stub> stub_;
  absl::Mutex mutex_;
  // Owns what is open, so that no call outlives Stop in gRPC's hands: a call keeps the channel, and
  // a channel whose last holder is a thread of gRPC waits for that very thread.
  absl::flat_hash_set<std::shared_ptr<Call>> calls_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace jobexec::intake
