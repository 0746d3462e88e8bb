#include "scheduler/configuration_store.h"

#include "common/resources/directory_store.h"
#include "common/resources/keptn_store.h"
#include "common/telemetry/log.h"

namespace jobexec::scheduler {
namespace {

constexpr absl::Duration kProbeInterval = absl::Seconds(10);
constexpr int64_t kDefaultCacheBytes = int64_t{64} * 1024 * 1024;
constexpr int64_t kMaxCacheBytes = int64_t{16} * 1024 * 1024 * 1024;

}  // namespace

ConfigurationStoreSettings LoadConfigurationStoreSettings(config::SettingsReader& reader) {
  ConfigurationStoreSettings settings;
  reader.Group("Configuration store");
  settings.directory = reader.Text(
      "RESOURCE_DIRECTORY", "",
      "Folder laid out as project/[stage/[service/]]path, in place of Keptn's resource service");
  settings.cache.max_bytes =
      static_cast<size_t>(reader.Int("RESOURCE_CACHE_BYTES", kDefaultCacheBytes, 0, kMaxCacheBytes,
                                     "Bytes of Keptn's files that are kept in memory; 0: none"));
  settings.cache.newest_age = reader.Duration(
      "RESOURCE_CACHE_NEWEST_AGE", absl::Seconds(5), absl::ZeroDuration(), absl::Minutes(5),
      "How long a file that is not pinned to a commit is used before it is read again");
  settings.keptn = keptn::LoadSettings(reader);
  if (settings.directory.empty() && settings.keptn.mode == keptn::Mode::kNone) {
    reader.AddFault("RESOURCE_DIRECTORY, KEPTN_API_ENDPOINT",
                    "one of them must be set: a folder with job/config.yaml, or Keptn's API (empty "
                    "inside its cluster)");
  }
  return settings;
}

ConfigurationStore::ConfigurationStore(const ConfigurationStoreSettings& settings, Clock& clock,
                                       prometheus::Registry& registry) {
  if (!settings.directory.empty()) {
    store_ = resources::MakeDirectoryStore(settings.directory);
    const bool beside_keptn = settings.keptn.mode != keptn::Mode::kNone;
    log::Info(beside_keptn ? "configuration store: RESOURCE_DIRECTORY, not Keptn's resource service"
                           : "configuration store: RESOURCE_DIRECTORY",
              {{"directory", settings.directory}});
    return;
  }
  keptn_ = keptn::Api::Create(settings.keptn, clock);
  uncached_ = resources::MakeKeptnStore(*keptn_);
  store_ = std::make_unique<resources::CachingStore>(*uncached_, settings.cache, clock, registry);
  probe_.emplace(*keptn_, resources::ResourceServiceProbe(), clock, kProbeInterval);
  log::Info("configuration store: Keptn's resource service");
}

}  // namespace jobexec::scheduler
