#include "scheduler/settings.h"

#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "common/base/hash.h"
#include "scheduler/planner_settings.h"

namespace jobexec::scheduler {
namespace {

constexpr int kGrantKeyBytes = 32;

void LoadServer(config::SettingsReader& reader, Settings& settings) {
  reader.Group("gRPC");
  settings.address = reader.Text("SCHEDULER_LISTEN_ADDRESS", "0.0.0.0", "Address for gRPC");
  settings.port =
      static_cast<int>(reader.Int("SCHEDULER_PORT", 9090, 0, 65535, "Port for gRPC; 0: any"));
  settings.workers = static_cast<int>(
      reader.Int("SCHEDULER_WORKERS", 64, 1, 256, "Events that are worked on at the same time"));
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
  reader.Group("Kubernetes");
  settings.kubeconfig = reader.Text("KUBECONFIG", "", "Path of a kubeconfig; empty: in-cluster");
  settings.grant_key = LoadGrantKey(reader);
  if (settings.grant_key.empty()) {
    settings.grant_key = RandomBytes(kGrantKeyBytes);
    settings.grant_key_is_temporary = true;
  }
  settings.planner = LoadPlannerSettings(reader, absl::StrCat(Hostname(), ":", settings.port));
  settings.handler.refuse_after =
      reader.Duration("REFUSE_AFTER", absl::Minutes(10), absl::ZeroDuration(), absl::Hours(24),
                      "Age at which an event is refused if quota or rights still forbid its Jobs");
  settings.handler.default_scope = LoadDefaultScope(reader);
  settings.files = LoadConfigurationStoreSettings(reader);
  service::LoadCommonSettings(reader, 8082, settings);
  return settings;
}

}  // namespace jobexec::scheduler
