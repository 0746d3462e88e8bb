// The way from intake to a scheduler's CancelRuns.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "jobexecutor/v1/scheduler.pb.h"

namespace jobexec::intake {

using ::jobexecutor::v1::CancelRunsRequest;
using ::jobexecutor::v1::CancelRunsResponse;

// Thread-safe.
class RunCanceller {
 public:
  // Called exactly once, without locks, on any thread or inside of Cancel; must not block. Errors:
  // those of Scheduler.CancelRuns; UNAVAILABLE no scheduler, too many calls are open, or stopping;
  // DEADLINE_EXCEEDED none answered in time.
  using Done = absl::AnyInvocable<void(absl::StatusOr<CancelRunsResponse>) &&>;

  virtual ~RunCanceller() = default;

  // Asks a scheduler once. Does not block. Idempotent.
  virtual void Cancel(CancelRunsRequest request, Done done) = 0;
};

}  // namespace jobexec::intake
