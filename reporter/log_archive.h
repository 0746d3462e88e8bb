// Logs that were taken before their pods went, for those who ask for them later. In memory,
// bounded; what falls out is lost.
#pragma once

#include <list>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace jobexec::reporter {

// Thread-safe.
class LogArchive {
 public:
  static constexpr size_t kMaxBytes = 16 * 1024 * 1024;

  // Keeps at most `max_bytes` of texts; the oldest make room.
  explicit LogArchive(size_t max_bytes = kMaxBytes) : max_bytes_(max_bytes) {}

  // Keeps the text of a Job, in place of an earlier one. Ignored if it is empty or alone too large.
  void Put(absl::string_view job_uid, std::string text);

  // "" if there is none (any more).
  std::string Get(absl::string_view job_uid) const;

 private:
  struct Entry {
    std::string job_uid;
    std::string text;
  };

  const size_t max_bytes_;
  mutable absl::Mutex mutex_;
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // oldest first
  absl::flat_hash_map<std::string, std::list<Entry>::iterator> index_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::reporter
