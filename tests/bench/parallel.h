// The same step many times, with a fixed number in flight.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace jobexec::bench {

struct ParallelResult {
  // On Clock::Elapsed: when each step began and ended, by its index.
  std::vector<absl::Duration> starts;
  std::vector<absl::Duration> ends;

  // From the first start to the last end.
  absl::Duration Total() const;
  // How long each step took.
  std::vector<double> Milliseconds() const;
};

// Runs step(thread, index) for each index below `count` (> 0) on `threads` threads. The first error
// stops all of them and is returned.
absl::StatusOr<ParallelResult> RunParallel(
    size_t count, int threads, absl::FunctionRef<absl::Status(int thread, size_t index)> step);

}  // namespace jobexec::bench
