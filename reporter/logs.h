// Collects what a task's containers wrote, as far as an answer shows it.
#pragma once

#include <cstdint>
#include <string>

#include "common/kube/kube_client.h"
#include "reporter/run_state.h"

namespace jobexec::reporter {

struct LogLimits {
  size_t per_task = 64 * 1024;  // bytes inside the answer
  size_t total = 512 * 1024;    // of all tasks together
};

// Thread-safe.
class LogCollector {
 public:
  // `client` must outlive the collector.
  explicit LogCollector(kube::Client& client) : client_(client) {}

  // A block of text per container that ended (and, if the task failed, that ran), init containers
  // only if one of them ended badly; for a failed task also the "Failed..." events of its Job and
  // pods. Reads each container's log once (twice after an error that may pass). What cannot be read
  // is said in the text. Of each log head and tail are kept, at most `limit` bytes; of the whole at
  // most half as much again, as it stands in a JSON string.
  std::string Collect(const TaskStatus& task, size_t limit);

 private:
  std::string CollectPod(const PodView& pod, bool failed, size_t limit);
  std::string ReadContainer(const PodView& pod, const ContainerView& container, size_t limit);
  std::string FailureEvents(absl::string_view name_space, absl::string_view kind,
                            absl::string_view name, absl::string_view uid);

  kube::Client& client_;
};

}  // namespace jobexec::reporter
