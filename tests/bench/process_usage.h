// What processes take from the machine, as /proc tells it.
#pragma once

#include <sys/types.h>

#include "absl/status/statusor.h"

namespace jobexec::bench {

struct ProcessUsage {
  double resident_mb = 0;       // now, in 10^6 bytes
  double peak_resident_mb = 0;  // since it started
  double cpu_seconds = 0;       // since it started, in user and kernel mode
};

// NOT_FOUND or UNAVAILABLE if there is no such process.
absl::StatusOr<ProcessUsage> ReadUsage(pid_t pid);

// CPU seconds of this process so far.
double OwnCpuSeconds();

// CPU seconds that all processes of the machine together have used so far.
double MachineCpuSeconds();

}  // namespace jobexec::bench
