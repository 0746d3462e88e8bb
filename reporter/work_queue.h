// Which events are to be looked at: each waits at most once and is worked on by one thread at a
// time.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace jobexec::reporter {

// Thread-safe. Bounded by the number of events: a key that waits is not added again.
class WorkQueue {
 public:
  explicit WorkQueue(Clock& clock) : clock_(clock) {}

  // Asks for a look at `key`. If it is being worked on, it comes again afterwards.
  void Add(absl::string_view key);

  // As Add, after `delay`. Of several delays of one key the earliest holds.
  void AddAfter(absl::string_view key, absl::Duration delay);

  // Adds the keys whose delay is over.
  void AddDue();

  // Waits for a key and hands it out; the caller owes a Done. Empty after Close.
  std::optional<std::string> Take();

  // As Take without waiting: empty if no key waits.
  std::optional<std::string> TryTake();

  // The caller has finished its work on `key`.
  void Done(absl::string_view key);

  // Lets Take hand out keys (until then they only gather).
  void Open();

  // Ends all waits; nothing is handed out any more.
  void Close();

 private:
  enum class State { kWaiting, kTaken, kTakenAndAdded };

  void AddLocked(absl::string_view key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<std::string> PopLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ReadyLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closed_ || (open_ && !waiting_.empty());
  }

  Clock& clock_;
  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::string> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, State> states_ ABSL_GUARDED_BY(mutex_);
  // By Clock::Elapsed, and the same by key.
  absl::btree_multimap<absl::Duration, std::string> delayed_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, absl::Duration> due_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::reporter
