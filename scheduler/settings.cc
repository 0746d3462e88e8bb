#include "scheduler/settings.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "common/base/hash.h"

namespace jobexec::scheduler {
namespace {

constexpr size_t kMaxSettingsFileBytes = 1024 * 1024;
constexpr int kGrantKeyBytes = 32;

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

void LoadGrantKey(config::SettingsReader& reader, Settings& settings) {
  const std::string path =
      reader.Text("GRANT_KEY_FILE", "",
                  "File with the key, at least 32 bytes, that signs grants of init containers; all "
                  "schedulers share it; empty: a key of this process, lost with it");
  if (path.empty()) {
    settings.grant_key = RandomBytes(kGrantKeyBytes);
    settings.grant_key_is_temporary = true;
    return;
  }
  Take(reader, "GRANT_KEY_FILE", ReadFile(path, kMaxSettingsFileBytes), settings.grant_key);
  absl::StripTrailingAsciiWhitespace(&settings.grant_key);
  if (!settings.grant_key.empty() && settings.grant_key.size() < kGrantKeyBytes) {
    reader.AddFault("GRANT_KEY_FILE", "names a file with less than 32 bytes");
  }
}

void LoadServer(config::SettingsReader& reader, Settings& settings) {
  settings.address = reader.Text("SCHEDULER_LISTEN_ADDRESS", "0.0.0.0", "Address for gRPC");
  settings.port =
      static_cast<int>(reader.Int("SCHEDULER_PORT", 9090, 0, 65535, "Port for gRPC; 0: any"));
  service::LoadCommonSettings(reader, 8082, settings);
  settings.workers = static_cast<int>(
      reader.Int("SCHEDULER_WORKERS", 32, 1, 256, "Events that are worked on at the same time"));
  settings.queue = static_cast<int>(
      reader.Int("SCHEDULER_QUEUE", 2048, 1, 65536, "Events that may wait for a worker"));
  settings.window = static_cast<int>(
      reader.Int("SCHEDULER_STREAM_WINDOW", 256, 1, 4096, "Undecided events per stream"));
  settings.drain_timeout =
      reader.Duration("SCHEDULER_DRAIN_TIMEOUT", absl::Seconds(20), absl::ZeroDuration(),
                      absl::Minutes(10), "Time to finish what is in flight when stopping");
}

std::string Hostname() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace

Settings LoadSettings(config::SettingsReader& reader) {
  Settings settings;
  LoadServer(reader, settings);
  settings.kubeconfig = reader.Text("KUBECONFIG", "", "Path of a kubeconfig; empty: in-cluster");
  settings.resource_directory = reader.RequiredText(
      "RESOURCE_DIRECTORY",
      "Configuration store: a folder laid out as project/[stage/[service/]]path");
  LoadGrantKey(reader, settings);

  PlannerSettings& planner = settings.planner;
  planner.installation = reader.Text("INSTALLATION_ID", "jobexec",
                                     "Name of this installation, a Kubernetes label value");
  planner.defaults = LoadJobDefaults(reader);
  planner.always_send_finished = reader.Bool(
      "ALWAYS_SEND_FINISHED_EVENT", false,
      "Answer events whose job/config.yaml is missing or bad with an errored .finished");
  planner.fetch_address =
      reader.Text("SCHEDULER_PUBLIC_ADDRESS", absl::StrCat(Hostname(), ":", settings.port),
                  "host:port at which init containers reach this scheduler");
  planner.grant_lifetime =
      reader.Duration("GRANT_LIFETIME", absl::Hours(24), absl::Minutes(1), absl::Hours(24 * 30),
                      "How long after its event a Job may still start and fetch files");
  settings.handler.default_scope = {
      reader.Text("DEFAULT_PROJECT", "", "Project of events that name none"),
      reader.Text("DEFAULT_STAGE", "", "Stage of events that name none"),
      reader.Text("DEFAULT_SERVICE", "", "Service of events that name none")};
  settings.handler.refuse_after =
      reader.Duration("REFUSE_AFTER", absl::Minutes(10), absl::ZeroDuration(), absl::Hours(24),
                      "Age at which an event is refused if quota or rights still forbid its Jobs");
  return settings;
}

}  // namespace jobexec::scheduler
