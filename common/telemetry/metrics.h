// Metrics as text for the admin port's /metrics.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace prometheus {
class Registry;
}

namespace jobexec {

// What the process uses, as the kernel counts it.
struct ProcessUsage {
  double cpu_seconds = 0;     // user and system time
  double resident_bytes = 0;  // physical memory
  double open_fds = 0;
  double start_seconds = 0;  // since the Unix epoch
};

// Reads the usage of this process from `proc` ("/proc"). UNAVAILABLE if it is not as expected
// there.
absl::StatusOr<ProcessUsage> ReadProcessUsage(absl::string_view proc);

// All metrics of `registry` in the Prometheus text format, and those that every process has by
// custom: process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds,
// process_start_time_seconds (left out if /proc cannot be read). Thread-safe.
std::string SerializeMetrics(const prometheus::Registry& registry);

}  // namespace jobexec
