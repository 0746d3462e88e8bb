#include "tests/bench/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace jobexec::bench {
namespace {

struct Failure {
  absl::Mutex mutex;
  absl::Status status ABSL_GUARDED_BY(mutex);
};

}  // namespace

absl::Duration ParallelResult::Total() const {
  return *std::max_element(ends.begin(), ends.end()) -
         *std::min_element(starts.begin(), starts.end());
}

std::vector<double> ParallelResult::Milliseconds() const {
  std::vector<double> milliseconds;
  for (size_t i = 0; i < starts.size(); ++i) {
    milliseconds.push_back(absl::ToDoubleMilliseconds(ends[i] - starts[i]));
  }
  return milliseconds;
}

absl::StatusOr<ParallelResult> RunParallel(
    size_t count, int threads, absl::FunctionRef<absl::Status(int thread, size_t index)> step) {
  // Each thread writes only the elements of the indices it took.
  ParallelResult result{std::vector<absl::Duration>(count), std::vector<absl::Duration>(count)};
  std::atomic<size_t> next = 0;
  Failure failure;
  const auto run = [&](int thread) {
    for (size_t i = next++; i < count; i = next++) {
      result.starts[i] = RealClock().Elapsed();
      const absl::Status status = step(thread, i);
      result.ends[i] = RealClock().Elapsed();
      if (status.ok()) continue;
      next = count;
      absl::MutexLock lock(&failure.mutex);
      failure.status.Update(status);
    }
  };
  {
    std::vector<std::jthread> running;
    running.reserve(threads);
    for (int thread = 0; thread < threads; ++thread) running.emplace_back(run, thread);
  }
  absl::MutexLock lock(&failure.mutex);
  if (!failure.status.ok()) return failure.status;
  return result;
}

}  // namespace jobexec::bench
