#include "reporter/job_view.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"

namespace jobexec::reporter {
namespace {

using Json = nlohmann::json;

// The member if it is an object or a list, else an empty list.
const Json& Child(const Json& object, absl::string_view key) {
  static const Json kEmpty = Json::array();
  const Json* found = json::Find(object, key);
  return found != nullptr && found->is_structured() ? *found : kEmpty;
}

absl::Time TimeOf(const Json& object, absl::string_view key) {
  absl::Time time;
  std::string error;
  const bool valid =
      absl::ParseTime(absl::RFC3339_full, json::GetString(object, key), &time, &error);
  return valid ? time : absl::InfinitePast();
}

bool IsOnePod(const Json& spec) {
  return json::GetInt(spec, "completions", 1) == 1 && json::GetInt(spec, "parallelism", 1) == 1 &&
         json::GetInt(spec, "backoffLimit", 6) == 0 && !spec.contains("podFailurePolicy") &&
         !spec.contains("successPolicy");
}

// Without `resultFile` the message of the task's container falls back to its log.
std::string ResultContainer(const Json& spec) {
  const Json& containers = Child(Child(Child(spec, "template"), "spec"), "containers");
  if (!containers.is_array() || containers.empty()) return "";
  const Json& container = containers.front();
  const bool is_log = json::GetString(container, "terminationMessagePolicy") != "File";
  return is_log ? "" : json::GetString(container, "name");
}

// Conditions stay in the list with status "False" after they have passed: only "True" counts.
void ReadCondition(const Json& condition, JobView& view) {
  if (json::GetString(condition, "status") != "True") return;
  const std::string type = json::GetString(condition, "type");
  if (type == "Complete" || type == "SuccessCriteriaMet") {
    view.verdict = JobView::Verdict::kPassed;
  } else if (type == "Failed" || type == "FailureTarget") {
    view.verdict = JobView::Verdict::kFailed;
    view.failure_reason = json::GetString(condition, "reason");
    view.failure_message = json::GetString(condition, "message");
  } else {
    return;
  }
  view.end_time = TimeOf(condition, "lastTransitionTime");
}

ContainerView ReadContainer(const Json& status, bool init) {
  ContainerView view;
  view.name = json::GetString(status, "name");
  view.init = init;
  const Json& state = Child(status, "state");
  const Json& terminated = Child(state, "terminated");
  const Json& waiting = Child(state, "waiting");
  if (!terminated.empty()) {
    view.state = ContainerView::State::kTerminated;
    view.exit_code = static_cast<int>(json::GetInt(terminated, "exitCode", 0));
    view.finish_time = TimeOf(terminated, "finishedAt");
  } else if (state.contains("running")) {
    view.state = ContainerView::State::kRunning;
  }
  const Json& why = terminated.empty() ? waiting : terminated;
  view.reason = json::GetString(why, "reason");
  view.message = json::GetString(why, "message");
  return view;
}

PodView::Phase PhaseOf(const Json& status) {
  const std::string phase = json::GetString(status, "phase");
  if (phase == "Pending") return PodView::Phase::kPending;
  if (phase == "Running") return PodView::Phase::kRunning;
  if (phase == "Succeeded") return PodView::Phase::kSucceeded;
  if (phase == "Failed") return PodView::Phase::kFailed;
  return PodView::Phase::kUnknown;
}

std::string OwnerUid(const Json& metadata) {
  for (const Json& owner : Child(metadata, "ownerReferences")) {
    if (json::GetBool(owner, "controller", false)) return json::GetString(owner, "uid");
  }
  return "";
}

// A pod that cannot be placed says so only in a condition.
void ReadPodCondition(const Json& condition, PodView& view) {
  const std::string type = json::GetString(condition, "type");
  const std::string status = json::GetString(condition, "status");
  if (type == "DisruptionTarget" && status == "True") view.disrupted = true;
  if (type == "PodScheduled" && status == "False" && view.reason.empty()) {
    view.reason = json::GetString(condition, "reason");
    view.message = json::GetString(condition, "message");
  }
}

}  // namespace

absl::StatusOr<JobView> ReadJobView(const Json& job) {
  JobView view;
  ASSIGN_OR_RETURN(view.record, runs::ReadJob(job));
  const Json& spec = Child(job, "spec");
  const Json& status = Child(job, "status");
  view.one_pod = IsOnePod(spec);
  view.suspended = json::GetBool(spec, "suspend", false);
  view.result_container = ResultContainer(spec);
  view.has_finalizers = !Child(Child(job, "metadata"), "finalizers").empty();
  const int64_t deadline = json::GetInt(spec, "activeDeadlineSeconds", -1);
  if (deadline >= 0) view.deadline = absl::Seconds(deadline);
  view.start_time = TimeOf(status, "startTime");
  for (const Json& condition : Child(status, "conditions")) ReadCondition(condition, view);
  return view;
}

absl::StatusOr<PodView> ReadPodView(const Json& pod) {
  const Json& metadata = Child(pod, "metadata");
  const Json& status = Child(pod, "status");
  PodView view;
  view.name_space = json::GetString(metadata, "namespace");
  view.name = json::GetString(metadata, "name");
  view.uid = json::GetString(metadata, "uid");
  view.resource_version = json::GetString(metadata, "resourceVersion");
  view.event_hash = json::GetString(Child(metadata, "labels"), runs::kEventLabel);
  if (view.uid.empty() || view.event_hash.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("pod ", view.name_space, "/", view.name,
                                                   " has no uid or no label ", runs::kEventLabel));
  }
  view.owner_uid = OwnerUid(metadata);
  view.create_time = TimeOf(metadata, "creationTimestamp");
  view.deleting = metadata.contains("deletionTimestamp");
  view.phase = PhaseOf(status);
  view.reason = json::GetString(status, "reason");
  view.message = json::GetString(status, "message");
  for (const Json& condition : Child(status, "conditions")) ReadPodCondition(condition, view);
  for (const Json& container : Child(status, "initContainerStatuses")) {
    view.containers.push_back(ReadContainer(container, true));
  }
  for (const Json& container : Child(status, "containerStatuses")) {
    view.containers.push_back(ReadContainer(container, false));
  }
  return view;
}

}  // namespace jobexec::reporter
