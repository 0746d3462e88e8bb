#include "scheduler/planner_settings.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"

namespace jobexec::scheduler {
namespace {

constexpr size_t kMaxSettingsFileBytes = 1024 * 1024;
constexpr size_t kMinGrantKeyBytes = 32;

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
  defaults.deployment_name = reader.Text("FULL_DEPLOYMENT_NAME", "job-executor-service",
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
      reader.Int("TASK_DEADLINE_SECONDS", 0, INT64_MIN, INT32_MAX,
                 "Longest time that a Job may run; 0 or less: no limit");
  defaults.max_poll_duration_seconds =
      reader.Int("DEFAULT_MAX_POLL_DURATION", 300, INT32_MIN, INT32_MAX,
                 "Longest run of tasks without maxPollDuration, in seconds; 0 or less: no limit");
  const std::string directory =
      reader.Text("JOB_SETTINGS_DIRECTORY", "/config",
                  "Folder with job-defaultSecurityContext.json, job-podSecurityContext.json and "
                  "job-labels.yaml; each may be missing");
  TakeFile(reader, directory, "job-defaultSecurityContext.json", ParseContainerSecurityContext,
           defaults.container_security_context);
  TakeFile(reader, directory, "job-podSecurityContext.json", ParsePodSecurityContext,
           defaults.pod_security_context);
  TakeFile(reader, directory, "job-labels.yaml", ParseUserLabels, defaults.user_labels);
  const absl::Status contradiction = CheckJobDefaults(defaults);
  if (!contradiction.ok()) {
    reader.AddFault("JOB_SETTINGS_DIRECTORY", absl::StrCat(": ", contradiction.message()));
  }
  return defaults;
}

}  // namespace

PlannerSettings LoadPlannerSettings(config::SettingsReader& reader,
                                    absl::string_view fetch_address) {
  PlannerSettings planner;
  planner.installation = reader.Text("INSTALLATION_ID", "jobexec",
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
  return {reader.Text("DEFAULT_PROJECT", "", "Project of events that name none"),
          reader.Text("DEFAULT_STAGE", "", "Stage of events that name none"),
          reader.Text("DEFAULT_SERVICE", "", "Service of events that name none")};
}

std::string LoadGrantKey(config::SettingsReader& reader) {
  const std::string path =
      reader.Text("GRANT_KEY_FILE", "",
                  "File with the key, at least 32 bytes, that signs grants of init containers; all "
                  "schedulers share it; empty: a key of this process, lost with it");
  if (path.empty()) return "";
  std::string key;
  Take(reader, "GRANT_KEY_FILE", ReadFile(path, kMaxSettingsFileBytes), key);
  absl::StripTrailingAsciiWhitespace(&key);
  if (key.size() < kMinGrantKeyBytes) {
    reader.AddFault("GRANT_KEY_FILE", "names no file with at least 32 bytes");
  }
  return key;
}

}  // namespace jobexec::scheduler
