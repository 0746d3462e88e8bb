// The JSON Patches that move an event's state in etcd. Each tests the Job's uid and the one field
// it moves, so a patch that comes late, twice or from a deposed process changes nothing (422).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/runs/schema.h"
#include "reporter/job_view.h"

namespace jobexec::reporter {

// planned -> released: takes hold of the Job and resumes it, or hands it to its job queue.
nlohmann::json ReleasePatch(const JobView& job);

// released -> stopped: Kubernetes ends the Job within seconds, also one whose pods cannot be made.
// A Job that its queue holds makes no pods any more, even if the queue lets it go, and is to be
// removed later: `now` counts.
nlohmann::json StopPatch(const JobView& job, absl::string_view why, absl::Time now);

// Moves the ledger from what `job` shows to `next`.
nlohmann::json LedgerPatch(const JobView& job, const runs::Ledger& next);

// Adds to `patch` the operations that let go of a Job: the finalizer off, its TTL on. The TTL of a
// Job that was stopped while its queue held it counts from `now`.
void AddLetGo(const JobView& job, int64_t ttl_seconds, absl::Time now, nlohmann::json& patch);

// Adds to `patch` what is known of the event's entry in Keptn's error log.
void AddErrorLog(absl::string_view state, nlohmann::json& patch);

// Sets that, and nothing else, on the anchor with this uid.
nlohmann::json ErrorLogPatch(const std::string& uid, absl::string_view state);

// Lets go of a Job, and nothing else.
nlohmann::json LetGoPatch(const JobView& job, int64_t ttl_seconds, absl::Time now);

}  // namespace jobexec::reporter
