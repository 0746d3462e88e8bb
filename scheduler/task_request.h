// From a RunTask request to the event and the config that it stands for. Pure.
#pragma once

#include "absl/status/statusor.h"
#include "jobexecutor/v1/event.pb.h"
#include "jobexecutor/v1/scheduler.pb.h"
#include "scheduler/config/job_config.h"

namespace jobexec::scheduler {

// Type of the event of a task that wants no answers.
inline constexpr char kTaskEventType[] = "dev.jobexec.task";
// Source of the event if the request names none.
inline constexpr char kTaskEventSource[] = "jobexec:run-task";

struct TaskSubmission {
  jobexecutor::v1::EventSubmission submission;
  JobConfig config;  // one action with one task, which wants the event
};

// Follows from the request alone, so that a repeat gives the same. The task has at least the TTL
// that keeps its Job until no repeat is on its way any more. INVALID_ARGUMENT (reason TASK_INVALID
// or REQUEST_INVALID) names every fault of the task, or the field of the request.
absl::StatusOr<TaskSubmission> ReadTaskRequest(const jobexecutor::v1::RunTaskRequest& request);

}  // namespace jobexec::scheduler
