#include "intake/keptn_settings.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/printable.h"
#include "common/runs/names.h"

namespace jobexec::intake {
namespace {

using keptn::Mode;

constexpr char kDefaultNats[] = "nats://keptn-nats";
// Tasks, and the ends of sequences.
constexpr char kKeptnSubject[] = "sh.keptn.event.>";
constexpr size_t kMaxTopics = 100;
// No call that intake makes may hold up its end for longer.
constexpr absl::Duration kLongestCall = absl::Seconds(10);

std::vector<std::string> SplitList(absl::string_view text) {
  std::vector<std::string> parts;
  for (const absl::string_view piece : absl::StrSplit(text, ',')) {
    const std::string part(absl::StripAsciiWhitespace(piece));
    const bool is_new = std::find(parts.begin(), parts.end(), part) == parts.end();
    if (!part.empty() && is_new) parts.push_back(part);
  }
  return parts;
}

std::string FirstOf(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) return text;
  }
  return "";
}

std::string HostName() {
  char host[256] = "";
  (void)gethostname(host, sizeof(host) - 1);
  return host;
}

bool HasWildcard(absl::string_view topic) {
  return topic.find_first_of("*>") != absl::string_view::npos;
}

// Names separated by '.', of which one may be '*' and the last one '>'.
bool IsTopic(absl::string_view topic) {
  const std::vector<absl::string_view> parts = absl::StrSplit(topic, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool ends_it = parts[i] == ">" && i + 1 == parts.size();
    if (parts[i].empty() || (parts[i] != "*" && !ends_it && HasWildcard(parts[i]))) return false;
  }
  return std::all_of(topic.begin(), topic.end(), absl::ascii_isgraph);
}

std::vector<std::string> LoadTopics(config::SettingsReader& reader) {
  std::vector<std::string> topics = SplitList(
      reader.Text("PUBSUB_TOPIC", "",
                  "Types of events to subscribe to, comma separated; over NATS also with * and >"));
  for (const std::string& topic : topics) {
    if (IsTopic(topic)) continue;
    reader.AddFault("PUBSUB_TOPIC",
                    absl::StrCat("has \"", Printable(topic),
                                 "\", expected types such as sh.keptn.event.deployment.triggered"));
  }
  if (topics.size() > kMaxTopics) {
    reader.AddFault("PUBSUB_TOPIC", absl::StrCat("has ", topics.size(), " types, allowed are ",
                                                 kMaxTopics, ": use wildcards"));
  }
  return topics;
}

keptn::SubscriptionFilter LoadFilter(config::SettingsReader& reader) {
  const auto load = [&reader](absl::string_view name, absl::string_view what) {
    return SplitList(reader.Text(
        name, "", absl::StrCat(what, " that PUBSUB_TOPIC is about, comma separated; empty: all")));
  };
  keptn::SubscriptionFilter filter;
  filter.projects = load("PROJECT_FILTER", "Projects");
  filter.stages = load("STAGE_FILTER", "Stages");
  filter.services = load("SERVICE_FILTER", "Services");
  return filter;
}

void LoadSubscriptions(config::SettingsReader& reader, KeptnSettings& settings) {
  const std::vector<std::string> topics = LoadTopics(reader);
  const keptn::SubscriptionFilter filter = LoadFilter(reader);
  for (const std::string& topic : topics) {
    settings.configured.push_back({.event = topic, .filter = filter});
  }
}

// Keptn refuses a registration without name, namespace or hostname.
void LoadIntegration(config::SettingsReader& reader, Mode mode, KeptnSettings& settings) {
  keptn::Integration& self = settings.integration;
  self.name = reader.Text("EVENT_SOURCE_NAME", "job-executor-service",
                          "Name in Keptn's register, and source of the answers");
  if (self.name.empty()) reader.AddFault("EVENT_SOURCE_NAME", "is empty, expected a name");
  const std::string home = reader.Text("JOB_NAMESPACE", "", "Namespace of the Jobs");
  settings.lease_namespace = home;
  self.name_space =
      FirstOf({reader.Text("K8S_NAMESPACE", "", "Namespace of this pod; empty: JOB_NAMESPACE"),
               home, "default"});
  self.pod = FirstOf(
      {reader.Text("K8S_POD_NAME", "", "Name of this pod; empty: the host's name"), HostName()});
  self.hostname =
      FirstOf({reader.Text("K8S_NODE_NAME", "", "Name of the node; empty: the host's name"),
               HostName(), "keptn-node"});
  self.deployment =
      FirstOf({reader.Text("K8S_DEPLOYMENT_NAME", "",
                           "Name of the Deployment in Keptn's register; empty: EVENT_SOURCE_NAME"),
               self.name});
  self.version = FirstOf({reader.Text("K8S_DEPLOYMENT_VERSION", "",
                                      "Version in Keptn's register; empty: that of this program"),
                          JOBEXEC_VERSION});
  self.location =
      FirstOf({reader.Text("LOCATION", "",
                           "Location in Keptn's register; empty: remote-execution-plane if "
                           "KEPTN_API_ENDPOINT is a URL, else control-plane"),
               mode == Mode::kRemote ? "remote-execution-plane" : "control-plane"});
}

// A duration, or whole seconds, as Keptn's own variables have them.
absl::Duration LoadInterval(config::SettingsReader& reader, absl::string_view name,
                            absl::Duration default_value, absl::string_view help) {
  const std::string text = reader.Text(name, absl::FormatDuration(default_value), help);
  const bool is_number =
      !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  absl::Duration interval;
  if (absl::ParseDuration(absl::StrCat(text, is_number ? "s" : ""), &interval) &&
      interval >= absl::Milliseconds(100) && interval <= absl::Minutes(5)) {
    return interval;
  }
  reader.AddFault(name, absl::StrCat("is \"", Printable(text),
                                     "\", expected 100ms to 5m, or seconds without a unit"));
  return default_value;
}

void LoadRegistration(config::SettingsReader& reader, Mode mode, KeptnSettings& settings) {
  const bool disabled =
      reader.Bool("DISABLE_REGISTRATION", false,
                  "Stay out of Keptn's register: PUBSUB_TOPIC and the filters alone count, and "
                  "nothing is written to Keptn's error log");
  settings.registers = mode != Mode::kNone && !disabled;
  settings.heartbeat = LoadInterval(
      reader, "HEARTBEAT_INTERVAL", absl::Seconds(5),
      "Time between two pings of Keptn, 100ms to 5m, or seconds without a unit; changed "
      "subscriptions take effect with the next one");
}

std::string StandaloneSubject(config::SettingsReader& reader, const KeptnSettings& settings) {
  std::vector<std::string> topics;
  for (const keptn::Subscription& topic : settings.configured) topics.push_back(topic.event);
  std::string subject = CommonSubject(topics);
  if (subject.empty() && !topics.empty()) {
    reader.AddFault("PUBSUB_TOPIC",
                    "has types that begin with different names: from NATS all must begin alike");
  }
  return subject;
}

void LoadNats(config::SettingsReader& reader, Mode mode, KeptnSettings& settings) {
  const std::string urls = reader.Text(
      "EVENTBROKER", mode == Mode::kInCluster ? kDefaultNats : "",
      "nats://host:port of the NATS server that has the events, unless KEPTN_API_ENDPOINT is a "
      "URL; if that is set but empty: nats://keptn-nats; without Keptn what PUBSUB_TOPIC names is "
      "taken from there");
  // Read by other services of the same installation.
  if (mode == Mode::kRemote) return;
  settings.nats_urls = urls;
  if (mode == Mode::kInCluster && urls.empty()) {
    reader.AddFault("EVENTBROKER", "is empty: inside of Keptn's cluster events come over NATS");
  }
  if (urls.empty()) return;
  if (!absl::StartsWith(urls, "nats://") && !absl::StartsWith(urls, "tls://")) {
    reader.AddFault("EVENTBROKER", "expected a URL with nats:// or tls://");
  }
  settings.nats_subject =
      mode == Mode::kInCluster ? kKeptnSubject : StandaloneSubject(reader, settings);
}

void LoadPolling(config::SettingsReader& reader, Mode mode, KeptnSettings& settings) {
  settings.polling_interval = LoadInterval(
      reader, "HTTP_POLLING_INTERVAL", absl::Seconds(1),
      "Time between two looks at Keptn's open offers, if they are polled: 100ms to 5m, or "
      "seconds without a unit");
  settings.lease = reader.Text(
      "INTAKE_POLL_LEASE", runs::LeaseName("intake", settings.installation),
      "Lease in JOB_NAMESPACE by which one of several intakes polls; empty: each of them polls");
  settings.kubeconfig =
      reader.Text("KUBECONFIG", "", "Path of a kubeconfig, for the Lease; empty: in-cluster");
  if (mode != Mode::kRemote) settings.lease.clear();
  if (settings.lease.empty() || !settings.lease_namespace.empty()) return;
  reader.AddFault("JOB_NAMESPACE",
                  "is not set, and so the Lease of INTAKE_POLL_LEASE has no namespace: set it, or "
                  "INTAKE_POLL_LEASE to nothing if there is one intake alone");
}

void Warn(Mode mode, KeptnSettings& settings) {
  const bool has_wildcard =
      std::any_of(settings.configured.begin(), settings.configured.end(),
                  [](const keptn::Subscription& topic) { return HasWildcard(topic.event); });
  if (mode == Mode::kRemote && has_wildcard) {
    settings.warnings.emplace_back(
        "PUBSUB_TOPIC has wildcards: Keptn's API lists offers by whole types only, nothing comes "
        "by them");
  }
}

}  // namespace

std::string CommonSubject(const std::vector<std::string>& topics) {
  if (topics.size() == 1) return topics[0];
  std::vector<std::string> common;
  for (const std::string& topic : topics) {
    std::vector<std::string> parts = absl::StrSplit(topic, '.');
    parts.pop_back();  // something must be left for '>'
    if (&topic == &topics[0]) common = parts;
    size_t same = 0;
    while (same < std::min(parts.size(), common.size()) && parts[same] == common[same] &&
           !HasWildcard(parts[same])) {
      ++same;
    }
    common.resize(same);
  }
  return common.empty() ? "" : absl::StrCat(absl::StrJoin(common, "."), ".>");
}

KeptnSettings LoadKeptnSettings(config::SettingsReader& reader) {
  KeptnSettings settings;
  settings.api = keptn::LoadSettings(reader);
  settings.api.timeout = std::min(settings.api.timeout, kLongestCall);
  const Mode mode = settings.api.mode;
  reader.Group("Events of Keptn");
  settings.installation = reader.Text("INSTALLATION_ID", "jobexec",
                                      "Name of this installation, a Kubernetes label value");
  LoadSubscriptions(reader, settings);
  LoadIntegration(reader, mode, settings);
  LoadRegistration(reader, mode, settings);
  LoadNats(reader, mode, settings);
  LoadPolling(reader, mode, settings);
  Warn(mode, settings);
  return settings;
}

}  // namespace jobexec::intake
