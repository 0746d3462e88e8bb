// From one task and one event to the Kubernetes Job. Pure: no I/O, no clock, no state.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/runs/event_facts.h"
#include "scheduler/config/job_config.h"
#include "scheduler/config/job_defaults.h"

namespace jobexec::scheduler {

// Label by which an existing job queue (Kueue) admits a Job. It would start Jobs out of order, so
// BuildJob leaves it out: whoever lets a Job go sets it to the task's `queue`.
inline constexpr char kQueueLabel[] = "kueue.x-k8s.io/queue-name";

// Reasons that errors carry (GetReason).
inline constexpr char kImageNotAllowed[] = "IMAGE_NOT_ALLOWED";
inline constexpr char kPrivilegedNotAllowed[] = "PRIVILEGED_NOT_ALLOWED";
inline constexpr char kEnvTooLarge[] = "ENV_TOO_LARGE";
inline constexpr char kJobInvalid[] = "JOB_INVALID";

// What a Job is made of. Refers to the caller's objects.
struct TaskContext {
  const runs::EventFacts& facts;
  const nlohmann::json& document;  // the whole event, for JSONPaths
  const Action& action;
  int action_index = 0;  // in the file, from 0
  const Task& task;
  int task_index = 0;             // in the action, from 0
  absl::string_view config_hash;  // JobConfig::hash
  absl::string_view stem;         // name of the containers (runs::TaskStem)
  absl::string_view name_space;   // NamespaceOf(defaults, task)
};

// The batch/v1 Job, complete but for what the caller's protocol adds: metadata.name, labels,
// annotations and finalizers of jobexec.dev/, suspend, the queue label, the TTL, and the variables
// of the init container by which it fetches its files (its env is []; it is there only for tasks
// with files).
//
// Errors name the task and the field, variable or image:
//   PERMISSION_DENIED, IMAGE_NOT_ALLOWED       the image is not on the allow-list
//   PERMISSION_DENIED, PRIVILEGED_NOT_ALLOWED  the merged context is privileged
//   INVALID_ARGUMENT, ENV_TOO_LARGE            a variable is larger than Linux passes to a process
//   INVALID_ARGUMENT, JOB_INVALID              anything else: quantities, variables, labels, paths
absl::StatusOr<nlohmann::json> BuildJob(const JobDefaults& defaults, const TaskContext& context);

// Looks at the images of all tasks before any Job is built, so that a refused action leaves nothing
// behind: PERMISSION_DENIED, IMAGE_NOT_ALLOWED.
absl::Status CheckImages(const JobDefaults& defaults, const Action& action);

// The namespace of the task's Job.
absl::string_view NamespaceOf(const JobDefaults& defaults, const Task& task);

// Seconds that a finished Job stays: the task's, at least 60; 21600 if it says nothing.
int64_t TtlSeconds(const Task& task);

// Seconds that the Job may run (activeDeadlineSeconds): the smaller one of the task's
// maxPollDuration, or the default for tasks of actions that are not silent, and the installation's
// limit; 2^31-1 at most. None if neither limits.
std::optional<int64_t> DeadlineSeconds(const JobDefaults& defaults, const Action& action,
                                       const Task& task);

}  // namespace jobexec::scheduler
