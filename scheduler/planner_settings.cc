#include "scheduler/planner_settings.h"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "scheduler/config/labels.h"

namespace jobexec::scheduler {
namespace {

constexpr size_t kMaxSettingsFileBytes = 1024 * 1024;
constexpr size_t kMinGrantKeyBytes = 32;
constexpr int64_t kNoMinimum = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxSeconds = std::numeric_limits<int32_t>::max();

// Takes the value or adds the status as a fault of `name`.
template <typename T>
void Take(config::SettingsReader& reader, absl::string_view name, absl::StatusOr<T> value,
          T& target) {
  if (value.ok()) {
    target = *std::move(value);
  } else {
    reader.AddFault(name, absl::StrCat(": ", value.status().message()));
  }
}

// Parses a file of the settings folder, if it is there.
template <typename T, typename Parse>
void TakeFile(config::SettingsReader& reader, const std::string& directory,
              absl::string_view file_name, Parse parse, T& target) {
  const std::string path = absl::StrCat(directory, "/", file_name);
  const auto content = ReadFile(path, kMaxSettingsFileBytes);
  if (absl::IsNotFound(content.status())) return;
  if (!content.ok()) {
    reader.AddFault("JOB_SETTINGS_DIRECTORY", absl::StrCat(": ", content.status().message()));
    return;
  }
  absl::StatusOr<T> parsed = parse(*content);
  if (parsed.ok()) {
    target = *std::move(parsed);
  } else {
    reader.AddFault("JOB_SETTINGS_DIRECTORY",
                    absl::StrCat(": ", path, ": ", parsed.status().message()));
  }
}

// The files that the original has at fixed paths below /config.
void LoadFiles(config::SettingsReader& reader, JobDefaults& defaults) {
  const std::string directory =
      reader.Text("JOB_SETTINGS_DIRECTORY", "/config",
                  "Folder with job-defaultSecurityContext.json, job-podSecurityContext.json and "
                  "job-labels.yaml; each may be missing");
  std::error_code ignored;
  if (reader.IsSet("JOB_SETTINGS_DIRECTORY") &&
      !std::filesystem::is_directory(directory, ignored)) {
    reader.AddFault("JOB_SETTINGS_DIRECTORY",
                    absl::StrCat(": there is no folder \"", directory, "\""));
  }
  TakeFile(reader, directory, "job-defaultSecurityContext.json", ParseContainerSecurityContext,
           defaults.container_security_context);
  TakeFile(reader, directory, "job-podSecurityContext.json", ParsePodSecurityContext,
           defaults.pod_security_context);
  TakeFile(reader, directory, "job-labels.yaml", ParseUserLabels, defaults.user_labels);
}

std::string LoadLabelValue(config::SettingsReader& reader, absl::string_view name,
                           absl::string_view default_value, absl::string_view help) {
  std::string value = reader.Text(name, default_value, help);
  const absl::Status fault = CheckLabelValue(value);
  if (!fault.ok()) reader.AddFault(name, absl::StrCat(": ", fault.message()));
  return value;
}

void LoadDefaultResources(config::SettingsReader& reader, JobDefaults& defaults) {
  const std::string limits_cpu =
      reader.Text("DEFAULT_RESOURCE_LIMITS_CPU", "1", "CPU limit of tasks without resources");
  const std::string limits_memory = reader.Text("DEFAULT_RESOURCE_LIMITS_MEMORY", "512Mi",
                                                "Memory limit of tasks without resources");
  const std::string requests_cpu =
      reader.Text("DEFAULT_RESOURCE_REQUESTS_CPU", "50m", "CPU request of tasks without resources");
  const std::string requests_memory = reader.Text("DEFAULT_RESOURCE_REQUESTS_MEMORY", "128Mi",
                                                  "Memory request of tasks without resources");
  Take(reader, "DEFAULT_RESOURCE_*",
       ParseDefaultResources(limits_cpu, limits_memory, requests_cpu, requests_memory),
       defaults.resources);
}

JobDefaults LoadJobDefaults(config::SettingsReader& reader) {
  JobDefaults defaults;
  defaults.job_namespace = reader.RequiredText("JOB_NAMESPACE", "Namespace of the Jobs");
  if (reader.IsSet("JOB_NAMESPACE") && defaults.job_namespace.empty()) {
    reader.AddFault("JOB_NAMESPACE", "is empty, expected the name of a namespace");
  }
  defaults.deployment_name = LoadLabelValue(reader, "FULL_DEPLOYMENT_NAME", "job-executor-service",
                                            "Label app.kubernetes.io/managed-by of the Jobs");
  defaults.init_image = reader.Text("INIT_CONTAINER_IMAGE", "jobexec.local/jobexec-init:dev",
                                    "Image of the init container that fetches files");
  defaults.service_account = reader.Text("DEFAULT_JOB_SERVICE_ACCOUNT", "",
                                         "Service account of Jobs; empty: the namespace's default");
  LoadDefaultResources(reader, defaults);
  Take(reader, "ALLOWED_IMAGE_LIST",
       ImageAllowlist::Parse(reader.Text("ALLOWED_IMAGE_LIST", "",
                                         "Globs of allowed images, comma separated; empty: all")),
       defaults.allowed_images);
  defaults.allow_privileged =
      reader.Bool("ALLOW_PRIVILEGED_JOBS", false, "Allow tasks to ask for privileged containers");
  defaults.task_deadline_seconds =
      reader.Int("TASK_DEADLINE_SECONDS", 0, kNoMinimum, kMaxSeconds,
                 "Longest time that a Job may run; 0 or less: no limit");
  defaults.max_poll_duration_seconds =
      reader.Int("DEFAULT_MAX_POLL_DURATION", 300, kNoMinimum, kMaxSeconds,
                 "Longest run of tasks without maxPollDuration, in seconds; 0 or less: no limit");
  LoadFiles(reader, defaults);
  const absl::Status contradiction = CheckJobDefaults(defaults);
  if (!contradiction.ok()) {
    reader.AddFault("JOB_SETTINGS_DIRECTORY", absl::StrCat(": ", contradiction.message()));
  }
  return defaults;
}

}  // namespace

PlannerSettings LoadPlannerSettings(config::SettingsReader& reader,
                                    absl::string_view fetch_address) {
  reader.Group("Jobs");
  PlannerSettings planner;
  planner.installation = LoadLabelValue(reader, "INSTALLATION_ID", "jobexec",
                                        "Name of this installation, a Kubernetes label value");
  planner.defaults = LoadJobDefaults(reader);
  planner.always_send_finished = reader.Bool(
      "ALWAYS_SEND_FINISHED_EVENT", false,
      "Answer events whose job/config.yaml is missing or bad with an errored .finished");
  planner.fetch_address = reader.Text("SCHEDULER_PUBLIC_ADDRESS", fetch_address,
                                      "host:port at which init containers reach this scheduler");
  planner.grant_lifetime =
      reader.Duration("GRANT_LIFETIME", absl::Hours(24), absl::Minutes(1), absl::Hours(24 * 30),
                      "How long after its event a Job may still start and fetch files");
  return planner;
}

resources::Scope LoadDefaultScope(config::SettingsReader& reader) {
  reader.Group("Events without project, stage or service");
  return {reader.Text("DEFAULT_PROJECT", "", "Project of events that name none"),
          reader.Text("DEFAULT_STAGE", "", "Stage of events that name none"),
          reader.Text("DEFAULT_SERVICE", "", "Service of events that name none")};
}

std::string LoadGrantKey(config::SettingsReader& reader) {
  reader.Group("Files for init containers");
  std::string key = reader.Secret(
      "GRANT_KEY",
      "Key of at least 32 bytes that signs what an init container may fetch; all schedulers share "
      "it; not set: a key of this process, lost with it");
  const bool is_set = !key.empty();
  absl::StripTrailingAsciiWhitespace(&key);
  if (is_set && key.size() < kMinGrantKeyBytes) {
    reader.AddFault("GRANT_KEY", absl::StrCat("has ", key.size(), " bytes, expected at least ",
                                              kMinGrantKeyBytes));
  }
  return key;
}

}  // namespace jobexec::scheduler
