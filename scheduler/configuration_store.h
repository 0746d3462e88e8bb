// Where job/config.yaml and the files of tasks come from: a folder, or Keptn through a cache.
#pragma once

#include <prometheus/registry.h>

#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/config/settings.h"
#include "common/keptn/api.h"
#include "common/keptn/reachability_probe.h"
#include "common/keptn/settings.h"
#include "common/resources/caching_store.h"
#include "common/resources/resource_store.h"

namespace jobexec::scheduler {

struct ConfigurationStoreSettings {
  std::string directory;  // not empty: a folder, whatever else is set
  keptn::Settings keptn;
  resources::CachingStore::Options cache;  // of what Keptn gave
};

// Reads RESOURCE_DIRECTORY, RESOURCE_CACHE_BYTES, RESOURCE_CACHE_NEWEST_AGE and Keptn's settings. A
// fault if there is neither a folder nor a Keptn.
ConfigurationStoreSettings LoadConfigurationStoreSettings(config::SettingsReader& reader);

// The store and what it needs. Thread-safe.
class ConfigurationStore {
 public:
  // `clock` and `registry` must outlive it. With Keptn a thread of its own asks every 10 s whether
  // it is there, so that store().CheckReady() knows it without any event.
  ConfigurationStore(const ConfigurationStoreSettings& settings, Clock& clock,
                     prometheus::Registry& registry);

  resources::Store& store() { return *store_; }

 private:
  std::unique_ptr<keptn::Api> keptn_;  // null for a folder, as the next one
  std::unique_ptr<resources::Store> uncached_;
  std::unique_ptr<resources::Store> store_;
  std::optional<keptn::ReachabilityProbe> probe_;
};

}  // namespace jobexec::scheduler
