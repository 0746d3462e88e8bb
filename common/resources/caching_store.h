// Keeps what another store gave, so that many Jobs cost one read.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/resources/resource_store.h"

namespace jobexec::resources {

// Files, lists and NOT_FOUND are kept, the least recently used go first; other errors never.
//   a file at a full commit id      until its place is needed: it cannot change
//   NOT_FOUND at a full commit id   30 s
//   everything else                 Options::newest_age, then it is read again
// Calls for the same while one is under way wait for it and share its result, errors too.
//
// Metrics: jobexec_resource_cache_lookups_total{result="hit|joined|miss"},
// jobexec_resource_cache_bytes.
//
// Thread-safe.
class CachingStore final : public Store {
 public:
  struct Options {
    size_t max_bytes = 64 * 1024 * 1024;  // of what is kept; 0: nothing
    absl::Duration newest_age = absl::Seconds(5);
  };

  // The references must outlive this.
  CachingStore(Store& store, Options options, Clock& clock, prometheus::Registry& registry);

  absl::StatusOr<std::string> Read(const Scope& scope, Level level, absl::string_view path,
                                   absl::string_view commit) override;
  absl::StatusOr<std::vector<std::string>> List(const Scope& scope, Level level,
                                                absl::string_view path,
                                                absl::string_view commit) override;
  std::string EffectiveCommit(Level level, absl::string_view path,
                              absl::string_view commit) const override {
    return store_.EffectiveCommit(level, path, commit);
  }
  absl::Status CheckReady() const override { return store_.CheckReady(); }

 private:
  // Of one call: a file, or the paths of a list.
  struct Content {
    std::string file;
    std::vector<std::string> paths;
  };
  using Result = std::shared_ptr<const absl::StatusOr<Content>>;
  struct Entry {
    std::string key;
    Result result;
    size_t bytes = 0;
    absl::Duration expires_at;  // on Clock::Elapsed
  };
  // A call under way. The result is null until it ends.
  struct Flight {
    Result result;
  };

  Result Get(const std::string& key, bool is_pinned,
             absl::FunctionRef<absl::StatusOr<Content>()> read);
  Result FindLocked(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void KeepLocked(const std::string& key, Result result, absl::Duration expires_at)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EraseLocked(std::list<Entry>::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Store& store_;
  const Options options_;
  Clock& clock_;
  prometheus::Counter& hits_;
  prometheus::Counter& joined_;
  prometheus::Counter& misses_;
  prometheus::Gauge& bytes_gauge_;
  absl::Mutex mutex_;
  // Least recently used at the back; the index's keys point into the entries.
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<absl::string_view, std::list<Entry>::iterator> index_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::shared_ptr<Flight>> flights_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace jobexec::resources
