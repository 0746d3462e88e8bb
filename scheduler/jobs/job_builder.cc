#include "scheduler/jobs/job_builder.h"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/resources/lookup.h"
#include "common/runs/names.h"
#include "common/runs/schema.h"
#include "scheduler/config/labels.h"
#include "scheduler/config/quantity.h"
#include "scheduler/jobs/env_builder.h"
#include "scheduler/jobs/resources.h"
#include "scheduler/jobs/security_context.h"

namespace jobexec::scheduler {
namespace {

using Json = nlohmann::json;
using Texts = std::map<std::string, std::string>;

constexpr char kManagedByLabel[] = "app.kubernetes.io/managed-by";
constexpr char kVolume[] = "job-volume";
constexpr char kMountPath[] = "/keptn";
constexpr char kVolumeSize[] = "20Mi";
constexpr int64_t kMinTtlSeconds = 60;
constexpr int64_t kDefaultTtlSeconds = 21'600;
// Kubernetes counts deadlines in nanoseconds of 64 bits: larger ones would already be over.
constexpr int64_t kMaxDeadlineSeconds = std::numeric_limits<int32_t>::max();

absl::Status WithReason(absl::Status status, const char* reason) {
  if (!status.ok() && GetReason(status).empty()) SetReason(status, reason);
  return status;
}

std::string TaskName(const Task& task) { return absl::StrCat("task '", task.name, "'"); }

// A fault of the task's field.
absl::Status FieldFault(const Task& task, const char* field, const absl::Status& status) {
  return Annotate(status, absl::StrCat(TaskName(task), ": ", field));
}

absl::Status CheckImage(const JobDefaults& defaults, const std::string& image) {
  if (defaults.allowed_images.Allows(image)) return absl::OkStatus();
  return WithReason(absl::PermissionDeniedError(absl::StrCat(
                        "Forbidden: Image ", image, " does not match configured image allowlist.")),
                    kImageNotAllowed);
}

// Where nothing is named Kubernetes would go on without the Secret.
absl::Status CheckPullSecrets(const Task& task) {
  for (const std::string& name : task.image_pull_secrets) {
    if (name.empty()) {
      return FieldFault(task, "imagePullSecrets", absl::InvalidArgumentError("a name is empty"));
    }
  }
  return absl::OkStatus();
}

// What can be known to fail before anything runs.
absl::Status CheckFields(const Task& task) {
  for (const std::string& file : task.files) {
    RETURN_IF_ERROR(FieldFault(task, "files", resources::CheckEntry(file)));
  }
  RETURN_IF_ERROR(CheckPullSecrets(task));
  RETURN_IF_ERROR(FieldFault(task, "annotations", CheckAnnotations(task.annotations)));
  RETURN_IF_ERROR(FieldFault(task, "podAnnotations", CheckAnnotations(task.pod_annotations)));
  RETURN_IF_ERROR(FieldFault(task, "podLabels", CheckLabels(task.pod_labels)));
  return FieldFault(task, "queue", CheckLabelValue(task.queue));
}

// `over` wins.
Texts Merged(Texts base, const Texts& over) {
  for (const auto& [key, value] : over) base[key] = value;
  return base;
}

Texts JobLabels(const JobDefaults& defaults, const TaskContext& context) {
  return Merged(defaults.user_labels,
                {{kManagedByLabel, defaults.deployment_name},
                 {runs::kContextLabel, runs::LabelValue(context.facts.keptn_context)},
                 {"keptn.sh/event-id", runs::LabelValue(context.facts.id)},
                 {"keptn.sh/commitid", runs::LabelValue(context.facts.commit)},
                 {"keptn.sh/jes-action", runs::LabelValue(context.action.name)},
                 {"keptn.sh/jes-task", runs::LabelValue(context.task.name)},
                 {"keptn.sh/jes-job-confighash", std::string(context.config_hash)},
                 {"keptn.sh/jes-action-index", absl::StrCat(context.action_index)},
                 {"keptn.sh/jes-task-index", absl::StrCat(context.task_index)}});
}

Texts PodLabels(const JobDefaults& defaults, const Task& task) {
  return Merged(Merged(defaults.user_labels, task.pod_labels),
                {{kManagedByLabel, defaults.deployment_name}});
}

template <typename T>
void SetUnlessEmpty(const char* field, const T& value, Json& object) {
  if (!value.empty()) object[field] = value;
}

Json VolumeMounts() { return Json::array({{{"name", kVolume}, {"mountPath", kMountPath}}}); }

// Fields that the job container and the init container have in common.
Json Container(std::string name, const std::string& image, const Json& resources,
               const Json& security) {
  Json container = {{"name", std::move(name)}, {"image", image}, {"volumeMounts", VolumeMounts()}};
  SetUnlessEmpty("resources", resources, container);
  SetUnlessEmpty("securityContext", security, container);
  return container;
}

absl::StatusOr<Json> InitContainer(const JobDefaults& defaults, const TaskContext& context,
                                   const Json& security) {
  ASSIGN_OR_RETURN(const Json resources, BuildResources(defaults.resources));
  Json container =
      Container(absl::StrCat("init-", context.stem), defaults.init_image, resources, security);
  container["imagePullPolicy"] = "IfNotPresent";
  container["terminationMessagePolicy"] = "FallbackToLogsOnError";
  container["env"] = Json::array();
  return container;
}

void SetTerminationMessage(const Task& task, Json& container) {
  if (task.result_file.empty()) {
    container["terminationMessagePolicy"] = "FallbackToLogsOnError";
  } else {
    container["terminationMessagePath"] = task.result_file;
  }
}

absl::StatusOr<Json> JobContainer(const JobDefaults& defaults, const TaskContext& context,
                                  const Json& security) {
  const Task& task = context.task;
  auto resources = BuildResources(task.resources.value_or(defaults.resources));
  RETURN_IF_ERROR(
      Annotate(resources.status(),
               absl::StrCat("unable to create resource requirements for task ", task.name)));
  auto env = BuildEnv(task, context.facts, context.document);
  RETURN_IF_ERROR(
      Annotate(env.status(), absl::StrCat("could not prepare env for ", TaskName(task))));
  Json container = Container(std::string(context.stem), task.image, *resources, security);
  container["env"] = std::move(env->env);
  SetUnlessEmpty("envFrom", env->env_from, container);
  SetUnlessEmpty("imagePullPolicy", task.image_pull_policy, container);
  SetUnlessEmpty("workingDir", task.working_dir, container);
  SetUnlessEmpty("command", task.cmd, container);
  SetUnlessEmpty("args", task.args, container);
  SetTerminationMessage(task, container);
  return container;
}

absl::StatusOr<Json> Volumes(const Task& task) {
  auto size = CanonicalQuantity(task.volume_size.empty() ? kVolumeSize : task.volume_size);
  RETURN_IF_ERROR(FieldFault(task, "volumeSize", size.status()));
  if (*size == "0" || absl::StartsWith(*size, "-")) {
    return FieldFault(task, "volumeSize", absl::InvalidArgumentError("it must be above zero"));
  }
  return Json::array({{{"name", kVolume}, {"emptyDir", {{"sizeLimit", *size}}}}});
}

Json PullSecrets(const Task& task) {
  Json secrets = Json::array();
  for (const std::string& name : task.image_pull_secrets) secrets.push_back({{"name", name}});
  return secrets;
}

// The merged context, unless it is privileged and must not be.
absl::StatusOr<Json> ContainerSecurity(const JobDefaults& defaults, const Task& task) {
  Json security = MergeSecurityContext(defaults.container_security_context, task.security_context);
  if (!IsPrivileged(security) || defaults.allow_privileged) return security;
  return WithReason(
      absl::PermissionDeniedError(absl::StrCat(
          TaskName(task), ": privileged containers are not allowed by this installation")),
      kPrivilegedNotAllowed);
}

absl::StatusOr<Json> PodSpec(const JobDefaults& defaults, const TaskContext& context) {
  const Task& task = context.task;
  ASSIGN_OR_RETURN(const Json security, ContainerSecurity(defaults, task));
  ASSIGN_OR_RETURN(Json container, JobContainer(defaults, context, security));
  ASSIGN_OR_RETURN(Json volumes, Volumes(task));
  Json spec = {{"restartPolicy", "Never"},
               {"volumes", std::move(volumes)},
               {"containers", Json::array({std::move(container)})}};
  if (!task.files.empty()) {
    ASSIGN_OR_RETURN(Json init, InitContainer(defaults, context, security));
    spec["initContainers"] = Json::array({std::move(init)});
  }
  SetUnlessEmpty("securityContext", defaults.pod_security_context, spec);
  SetUnlessEmpty("serviceAccountName", task.service_account.value_or(defaults.service_account),
                 spec);
  SetUnlessEmpty("imagePullSecrets", PullSecrets(task), spec);
  SetUnlessEmpty("nodeSelector", task.node_selector, spec);
  SetUnlessEmpty("tolerations", task.tolerations, spec);
  SetUnlessEmpty("affinity", task.affinity, spec);
  SetUnlessEmpty("priorityClassName", task.priority_class_name, spec);
  return spec;
}

absl::StatusOr<Json> JobSpec(const JobDefaults& defaults, const TaskContext& context) {
  const Task& task = context.task;
  ASSIGN_OR_RETURN(Json pod_spec, PodSpec(defaults, context));
  Json pod_metadata = {{"labels", PodLabels(defaults, task)}};
  SetUnlessEmpty("annotations", Merged(task.annotations, task.pod_annotations), pod_metadata);
  Json spec = {
      {"backoffLimit", task.retries.value_or(0)},
      {"template", {{"metadata", std::move(pod_metadata)}, {"spec", std::move(pod_spec)}}}};
  if (const auto deadline = DeadlineSeconds(defaults, context.action, task)) {
    spec["activeDeadlineSeconds"] = *deadline;
  }
  if (task.completions) spec["completions"] = *task.completions;
  if (task.parallelism) spec["parallelism"] = *task.parallelism;
  return spec;
}

}  // namespace

absl::StatusOr<Json> BuildJob(const JobDefaults& defaults, const TaskContext& context) {
  const Task& task = context.task;
  if (task.image.empty()) {
    return WithReason(
        absl::InvalidArgumentError(absl::StrCat(TaskName(task), ": image is missing")),
        kJobInvalid);
  }
  RETURN_IF_ERROR(CheckImage(defaults, task.image));
  RETURN_IF_ERROR(WithReason(CheckFields(task), kJobInvalid));
  auto spec = JobSpec(defaults, context);
  if (!spec.ok()) return WithReason(spec.status(), kJobInvalid);
  Json metadata = {{"namespace", std::string(context.name_space)},
                   {"labels", JobLabels(defaults, context)}};
  SetUnlessEmpty("annotations", task.annotations, metadata);
  return Json::object({{"apiVersion", "batch/v1"},
                       {"kind", "Job"},
                       {"metadata", std::move(metadata)},
                       {"spec", *std::move(spec)}});
}

absl::Status CheckImages(const JobDefaults& defaults, const Action& action) {
  for (const Task& task : action.tasks) RETURN_IF_ERROR(CheckImage(defaults, task.image));
  return absl::OkStatus();
}

absl::string_view NamespaceOf(const JobDefaults& defaults, const Task& task) {
  return task.name_space.empty() ? defaults.job_namespace : task.name_space;
}

int64_t TtlSeconds(const Task& task) {
  return std::max(kMinTtlSeconds, task.ttl_seconds_after_finished.has_value()
                                      ? int64_t{*task.ttl_seconds_after_finished}
                                      : kDefaultTtlSeconds);
}

std::optional<int64_t> DeadlineSeconds(const JobDefaults& defaults, const Action& action,
                                       const Task& task) {
  const int64_t unset = action.silent ? 0 : defaults.max_poll_duration_seconds;
  const int64_t own = task.max_poll_duration.value_or(unset);
  const int64_t common = defaults.task_deadline_seconds;
  if (own <= 0 && common <= 0) return std::nullopt;
  int64_t seconds = kMaxDeadlineSeconds;
  if (own > 0) seconds = std::min(seconds, own);
  if (common > 0) seconds = std::min(seconds, common);
  return seconds;
}

}  // namespace jobexec::scheduler
