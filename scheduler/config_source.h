// Finds and parses the job/config.yaml of an event.
#pragma once

#include <prometheus/counter.h>

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/resources/resource_store.h"
#include "scheduler/config/compiled_config.h"

namespace jobexec::scheduler {

// Thread-safe.
class ConfigSource {
 public:
  // `bad_expressions`, if given, counts what does not compile in the configs that are parsed. Both
  // must outlive this.
  explicit ConfigSource(resources::Store& store, prometheus::Counter* bad_expressions = nullptr)
      : store_(store), bad_expressions_(bad_expressions) {}

  using Config = std::shared_ptr<const CompiledConfig>;

  // The config of the closest level that has one, parsed once per content.
  // NOT_FOUND (reason CONFIG_NOT_FOUND) no level has one; INVALID_ARGUMENT (CONFIG_INVALID) with
  // every fault of the file; anything transient: the store did not answer.
  absl::StatusOr<Config> Locate(const resources::Scope& scope, absl::string_view commit);

  // Parses `content` without keeping the result.
  static absl::StatusOr<Config> Parse(absl::string_view content);

  // How often a file was parsed so far.
  int64_t parsed() const;

 private:
  struct Entry {
    std::string content;
    absl::StatusOr<Config> config;
  };

  absl::StatusOr<Config> ParseOnce(std::string content);

  resources::Store& store_;
  prometheus::Counter* const bad_expressions_;
  mutable absl::Mutex mutex_;
  // Least recently used at the back; the map's keys point into the list's contents.
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<absl::string_view, std::list<Entry>::iterator> index_ ABSL_GUARDED_BY(mutex_);
  int64_t parsed_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace jobexec::scheduler
