// What the services under test are told: their settings, and the store with one job/config.yaml.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/config/settings.h"

namespace jobexec::bench {

struct Installation {
  std::string kubeconfig;  // with client certificates
  std::string programs;    // folder of a build
  std::string directory;   // for the store, the grant key and logs; exists
  std::string name_space = "jobexec-bench";

  std::string StoreDirectory() const { return directory + "/store"; }
  std::string GrantKeyFile() const { return directory + "/grant-key"; }
};

// Writes store and grant key. UNAVAILABLE if the folder cannot be written.
absl::Status WriteFiles(const Installation& installation);

// Loopback only, any free ports; otherwise the defaults that users run with.
config::Environment SchedulerEnvironment(const Installation& installation);
config::Environment ReporterEnvironment(const Installation& installation,
                                        const std::string& sink_url);
config::Environment IntakeEnvironment(const std::string& scheduler_port);

}  // namespace jobexec::bench
