// What the reporter keeps of a Job and of a pod: small, typed, read once from the API's JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/runs/schema.h"

namespace jobexec::reporter {

struct JobView {
  // What the Job's own conditions say.
  enum class Verdict { kNone, kPassed, kFailed };

  runs::JobRecord record;
  Verdict verdict = Verdict::kNone;
  std::string failure_reason;  // of FailureTarget or Failed
  std::string failure_message;
  // One completion, one pod at a time, no retry and no policy: how its only pod ends is how it
  // ends.
  bool one_pod = false;
  // Container whose termination message is the task's result; empty if the task hands over nothing.
  std::string result_container;
  // Does not run for now: planned, or held by its job queue.
  bool suspended = false;
  bool has_finalizers = false;                         // anybody's
  absl::Duration deadline = absl::InfiniteDuration();  // activeDeadlineSeconds
  absl::Time start_time = absl::InfinitePast();        // unknown: InfinitePast
  absl::Time end_time = absl::InfinitePast();          // when the verdict was reached
  bool gone = false;  // deleted from the cluster; all else is its last known state
};

struct ContainerView {
  enum class State { kWaiting, kRunning, kTerminated };

  std::string name;
  bool init = false;
  State state = State::kWaiting;
  int exit_code = 0;
  std::string reason;  // why it waits or ended
  std::string message;
  absl::Time finish_time = absl::InfinitePast();
};

struct PodView {
  enum class Phase { kPending, kRunning, kSucceeded, kFailed, kUnknown };

  std::string name_space;
  std::string name;
  std::string uid;
  std::string resource_version;
  std::string event_hash;
  std::string owner_uid;  // of the Job
  Phase phase = Phase::kUnknown;
  std::string reason;  // e.g. Evicted; empty if the containers say it all
  std::string message;
  bool deleting = false;   // has a deletionTimestamp
  bool disrupted = false;  // condition DisruptionTarget: eviction, preemption, lost node
  absl::Time create_time = absl::InfinitePast();
  std::vector<ContainerView> containers;  // init containers first
};

using JobPtr = std::shared_ptr<const JobView>;
using PodPtr = std::shared_ptr<const PodView>;

// Projects a batch/v1 Job of ours. INVALID_ARGUMENT names what is missing or malformed in its
// metadata.
absl::StatusOr<JobView> ReadJobView(const nlohmann::json& job);

// Projects a v1 Pod. INVALID_ARGUMENT if it has no uid or no event label.
absl::StatusOr<PodView> ReadPodView(const nlohmann::json& pod);

}  // namespace jobexec::reporter
