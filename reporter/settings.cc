#include "reporter/settings.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/runs/names.h"

namespace jobexec::reporter {
namespace {

// Each namespace costs two threads and two connections.
constexpr size_t kMaxNamespaces = 32;
// With what else is in an answer this stays below 64 KiB.
constexpr int64_t kRemoteLogBytes = 32 * 1024;

std::string LoadHome(config::SettingsReader& reader) {
  std::string home = reader.RequiredText("JOB_NAMESPACE", "Namespace of the Jobs");
  if (reader.IsSet("JOB_NAMESPACE") && home.empty()) {
    reader.AddFault("JOB_NAMESPACE", "is empty, expected the name of a namespace");
  }
  return home;
}

std::vector<std::string> LoadNamespaces(config::SettingsReader& reader, const std::string& home) {
  const std::string extra =
      reader.Text("JOB_NAMESPACES", "",
                  "Further namespaces in which tasks run, comma separated; *: all of the cluster");
  if (extra == "*") return {""};
  std::vector<std::string> namespaces = {home};
  for (absl::string_view part : absl::StrSplit(extra, ',', absl::SkipWhitespace())) {
    const std::string name(absl::StripAsciiWhitespace(part));
    if (std::find(namespaces.begin(), namespaces.end(), name) == namespaces.end()) {
      namespaces.push_back(name);
    }
  }
  if (namespaces.size() > kMaxNamespaces) {
    reader.AddFault("JOB_NAMESPACES",
                    absl::StrCat("more than ", kMaxNamespaces, " namespaces; use * to watch all"));
  }
  return namespaces;
}

// Where the anchors are: whoever answers for them contends for the same Lease.
void LoadLease(config::SettingsReader& reader, const std::string& home, Settings& settings) {
  settings.lease.name_space = home;
  settings.lease.name = reader.Text(
      "REPORTER_LEASE", runs::LeaseName("reporter", settings.answers.installation),
      "Lease in JOB_NAMESPACE by which one of several reporters of the installation acts; empty: "
      "there is never a second one");
}

bool HasScheme(absl::string_view url, std::initializer_list<absl::string_view> schemes) {
  return std::any_of(schemes.begin(), schemes.end(),
                     [&](absl::string_view scheme) { return absl::StartsWith(url, scheme); });
}

void LoadPublisher(config::SettingsReader& reader, Settings& settings) {
  const keptn::Mode mode = settings.keptn.mode;
  settings.sink.url = reader.Text("EVENT_SINK_URL", "",
                                  "Without Keptn: URL to which answers are POSTed as CloudEvents");
  settings.sink.token_file =
      reader.Text("EVENT_SINK_TOKEN_FILE", "", "File with a bearer token for EVENT_SINK_URL");
  settings.nats_urls = reader.Text(
      "EVENTBROKER", mode == keptn::Mode::kInCluster ? "nats://keptn-nats" : "",
      "nats://host:port of the NATS server that takes the answers, unless KEPTN_API_ENDPOINT is a "
      "URL; if that is set but empty: nats://keptn-nats");
  // Read by other services of the same installation.
  if (mode == keptn::Mode::kRemote) settings.nats_urls.clear();
  if (mode != keptn::Mode::kNone && !settings.sink.url.empty()) {
    reader.AddFault("EVENT_SINK_URL",
                    "is set, and so is KEPTN_API_ENDPOINT: answers go to Keptn or to the sink, "
                    "not to both");
  }
  if (mode == keptn::Mode::kInCluster && settings.nats_urls.empty()) {
    reader.AddFault("EVENTBROKER", "is empty: inside of Keptn's cluster answers go over NATS");
  }
  if (mode == keptn::Mode::kNone && settings.sink.url.empty() == settings.nats_urls.empty()) {
    reader.AddFault("EVENT_SINK_URL, EVENTBROKER",
                    "without KEPTN_API_ENDPOINT exactly one of the two must be set");
  }
  if (!settings.sink.url.empty() && !HasScheme(settings.sink.url, {"http://", "https://"})) {
    reader.AddFault("EVENT_SINK_URL", "expected a URL with http:// or https://");
  }
  if (!settings.nats_urls.empty() && !HasScheme(settings.nats_urls, {"nats://", "tls://"})) {
    reader.AddFault("EVENTBROKER", "expected a URL with nats:// or tls://");
  }
}

void LoadAnswers(config::SettingsReader& reader, AnswerSettings& answers) {
  answers.installation = reader.Text("INSTALLATION_ID", "jobexec",
                                     "Name of this installation, a Kubernetes label value");
  answers.source =
      reader.Text("EVENT_SOURCE_NAME", "job-executor-service", "CloudEvent source of the answers");
  if (answers.source.empty()) {
    reader.AddFault("EVENT_SOURCE_NAME", "is empty: Keptn takes no events without a source");
  }
}

// Keptn's API may refuse bodies of more than 64 KiB (EVENT_VALIDATION_ENABLED).
void LoadLogLimits(config::SettingsReader& reader, keptn::Mode mode, LogLimits& limits) {
  const bool small = mode == keptn::Mode::kRemote;
  limits.per_task = static_cast<size_t>(reader.Int(
      "ANSWER_LOG_BYTES_PER_TASK", small ? kRemoteLogBytes : 64 * 1024, 1024, 16 * 1024 * 1024,
      "Bytes of logs that one task has in an answer; head and tail are kept. Default "
      "with Keptn's remote API: 32768"));
  limits.total = static_cast<size_t>(reader.Int(
      "ANSWER_LOG_BYTES_TOTAL", small ? kRemoteLogBytes : 512 * 1024, 1024, 16 * 1024 * 1024,
      "Bytes of logs of all tasks of an answer; NATS carries about 1 MB. Default with "
      "Keptn's remote API, which may take 64 KB: 32768"));
}

void LoadPorts(config::SettingsReader& reader, Settings& settings) {
  reader.Group("gRPC");
  settings.address = reader.Text("REPORTER_LISTEN_ADDRESS", "0.0.0.0", "Address for gRPC");
  settings.port =
      static_cast<int>(reader.Int("REPORTER_PORT", 9091, 0, 65535, "Port for gRPC; 0: any"));
}

}  // namespace

Settings LoadSettings(config::SettingsReader& reader) {
  Settings settings;
  LoadPorts(reader, settings);
  reader.Group("Kubernetes");
  settings.kubeconfig = reader.Text("KUBECONFIG", "", "Path of a kubeconfig; empty: in-cluster");
  const std::string home = LoadHome(reader);
  settings.namespaces = LoadNamespaces(reader, home);
  settings.keptn = keptn::LoadSettings(reader);
  reader.Group("Answers");
  LoadAnswers(reader, settings.answers);
  LoadLease(reader, home, settings);
  LoadPublisher(reader, settings);
  LoadLogLimits(reader, settings.keptn.mode, settings.log_limits);
  settings.workers = static_cast<int>(
      reader.Int("REPORTER_WORKERS", 8, 1, 256, "Events that are worked on at the same time"));
  settings.log_streams = static_cast<int>(
      reader.Int("REPORTER_LOG_STREAMS", 32, 1, 256, "StreamLogs calls that may be open"));
  service::LoadCommonSettings(reader, 8083, settings);
  return settings;
}

}  // namespace jobexec::reporter
