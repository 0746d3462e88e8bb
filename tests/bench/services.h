// The three services as processes, and what they say about themselves.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/call_counts.h"
#include "tests/bench/installation.h"
#include "tests/bench/process_usage.h"
#include "tests/support/subprocess.h"

namespace jobexec::bench {

// Of one service, since it started.
struct ServiceState {
  std::string name;
  ProcessUsage usage;
  CallCounts calls;  // of the Kubernetes API
};

// Not thread-safe. Stops the processes when destroyed.
class Services {
 public:
  // Starts scheduler and intake, and the reporter if there is a sink for it; waits until each is
  // ready. DEADLINE_EXCEEDED with the end of the log of the one that is not.
  static absl::StatusOr<std::unique_ptr<Services>> Start(const Installation& installation,
                                                         const std::string& sink_url);

  int intake_port() const { return intake_port_; }

  absl::StatusOr<std::vector<ServiceState>> Read();

 private:
  struct Service {
    std::string name;
    std::unique_ptr<testing::Subprocess> process;
    std::string admin_port;
  };

  Services() = default;
  // Starts <programs>/<name>/jobexec-<name> and waits until it is ready.
  absl::Status StartService(const Installation& installation, const std::string& name,
                            const config::Environment& environment);

  std::vector<Service> services_;
  int intake_port_ = 0;
};

}  // namespace jobexec::bench
