// Puts a plan into etcd: members first, the anchor last.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/worker_pool.h"
#include "common/kube/kube_client.h"
#include "common/runs/schema.h"
#include "scheduler/plan.h"

namespace jobexec::scheduler {

// What became of a launch.
struct LaunchResult {
  // OK: the plan is committed, or an earlier one of the same event is (see `existing`).
  // ALREADY_EXISTS: the anchor's name is taken by another event or installation. INVALID_ARGUMENT
  // or RESOURCE_EXHAUSTED (reason TOO_LARGE): the API server refuses the Job of `action` for good.
  // PERMISSION_DENIED, NOT_FOUND: it refuses now (quota, missing right, missing or terminating
  // namespace). Anything else: not known, the create may still land.
  absl::Status status;
  // Index of the action whose Job failed, among the matching ones; -1 if none did.
  int failed_action = -1;
  // The anchor that was already there.
  std::optional<runs::JobRecord> existing;
};

// Thread-safe.
class Launcher {
 public:
  // The references must outlive the launcher. `members` creates the members of one plan side by
  // side; its threads must not be those that call Launch.
  Launcher(kube::Client& kube, Clock& clock, WorkerPool& members)
      : kube_(kube), clock_(clock), members_(members) {}

  // Creates every object of the plan, each only before `deadline`. Repeating it with any plan of
  // the same event is harmless: the anchor that was created first decides.
  LaunchResult Launch(const Plan& plan, const runs::EventFacts& facts,
                      const std::string& installation, absl::Time deadline);

  // Looks for the anchor of the event: `existing`, or nothing if there is none. Errors: as for
  // Launch, ALREADY_EXISTS and not known.
  LaunchResult Find(const PlannedJob& anchor, const runs::EventFacts& facts,
                    const std::string& installation);

 private:
  absl::Status Create(const PlannedJob& job, absl::Time deadline);
  LaunchResult CreateMembers(const Plan& plan, absl::Time deadline);
  LaunchResult CreateAnchor(const Plan& plan, const runs::EventFacts& facts,
                            const std::string& installation, absl::Time deadline);

  kube::Client& kube_;
  Clock& clock_;
  WorkerPool& members_;
};

}  // namespace jobexec::scheduler
