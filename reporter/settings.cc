#include "reporter/settings.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace jobexec::reporter {
namespace {

// Each namespace costs two threads and two connections.
constexpr size_t kMaxNamespaces = 32;

std::vector<std::string> LoadNamespaces(config::SettingsReader& reader) {
  const std::string home = reader.RequiredText("JOB_NAMESPACE", "Namespace of the Jobs");
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

bool HasScheme(absl::string_view url, std::initializer_list<absl::string_view> schemes) {
  return std::any_of(schemes.begin(), schemes.end(),
                     [&](absl::string_view scheme) { return absl::StartsWith(url, scheme); });
}

void LoadPublisher(config::SettingsReader& reader, Settings& settings) {
  settings.sink.url =
      reader.Text("EVENT_SINK_URL", "", "URL to which answers are POSTed as CloudEvents");
  settings.sink.token_file =
      reader.Text("EVENT_SINK_TOKEN_FILE", "", "File with a bearer token for EVENT_SINK_URL");
  settings.nats_urls =
      reader.Text("EVENTBROKER", "",
                  "nats://host:port of the NATS server with JetStream that takes the answers");
  if (settings.sink.url.empty() == settings.nats_urls.empty()) {
    reader.AddFault("EVENT_SINK_URL, EVENTBROKER", "exactly one of the two must be set");
  }
  if (!settings.sink.url.empty() && !HasScheme(settings.sink.url, {"http://", "https://"})) {
    reader.AddFault("EVENT_SINK_URL", "expected a URL with http:// or https://");
  }
  if (!settings.nats_urls.empty() && !HasScheme(settings.nats_urls, {"nats://", "tls://"})) {
    reader.AddFault("EVENTBROKER", "expected a URL with nats:// or tls://");
  }
}

void LoadLogLimits(config::SettingsReader& reader, LogLimits& limits) {
  limits.per_task = static_cast<size_t>(
      reader.Int("ANSWER_LOG_BYTES_PER_TASK", 64 * 1024, 1024, 16 * 1024 * 1024,
                 "Bytes of logs that one task has in an answer; head and tail are kept"));
  limits.total = static_cast<size_t>(
      reader.Int("ANSWER_LOG_BYTES_TOTAL", 512 * 1024, 1024, 16 * 1024 * 1024,
                 "Bytes of logs of all tasks of an answer; NATS carries about 1 MB"));
}

void LoadPorts(config::SettingsReader& reader, Settings& settings) {
  settings.address = reader.Text("REPORTER_LISTEN_ADDRESS", "0.0.0.0", "Address for gRPC");
  settings.port =
      static_cast<int>(reader.Int("REPORTER_PORT", 9091, 0, 65535, "Port for gRPC; 0: any"));
  service::LoadCommonSettings(reader, 8083, settings);
}

}  // namespace

Settings LoadSettings(config::SettingsReader& reader) {
  Settings settings;
  LoadPorts(reader, settings);
  settings.kubeconfig = reader.Text("KUBECONFIG", "", "Path of a kubeconfig; empty: in-cluster");
  settings.namespaces = LoadNamespaces(reader);
  settings.answers.installation = reader.Text(
      "INSTALLATION_ID", "jobexec", "Name of this installation, a Kubernetes label value");
  settings.answers.source =
      reader.Text("EVENT_SOURCE_NAME", "job-executor-service", "CloudEvent source of the answers");
  LoadPublisher(reader, settings);
  LoadLogLimits(reader, settings.log_limits);
  settings.workers = static_cast<int>(
      reader.Int("REPORTER_WORKERS", 8, 1, 256, "Events that are worked on at the same time"));
  settings.log_streams = static_cast<int>(
      reader.Int("REPORTER_LOG_STREAMS", 32, 1, 256, "StreamLogs calls that may be open"));
  return settings;
}

}  // namespace jobexec::reporter
