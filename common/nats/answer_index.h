// Which message ids a stream holds: "was this answer stored?", asked many times for one scan.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/nats/connection.h"

namespace jobexec::nats {

// Keeps the ids that it has read, by subject, so that many questions after an outage read the
// stream once. What was read is followed to the stream's present end when it is older than a few
// seconds. Thread-safe; calls wait for one another, since one scan serves them all.
class AnswerIndex {
 public:
  // Sees the stream as often as the index looks at it, without locks of the caller's.
  using Observer = std::function<void(const StreamInfo&)>;

  // `connection` and `clock` must outlive the index.
  AnswerIndex(Connection& connection, Clock& clock, Observer observer = nullptr)
      : connection_(connection), clock_(clock), observer_(std::move(observer)) {}

  struct Look {
    std::optional<uint64_t> sequence;  // of the message with this id
    // False: messages of the time in question were removed before they were read (the stream was
    // purged, or has limits). Then absence proves nothing.
    bool complete = true;
  };

  // Looks for the message with `id` that the stream took on exactly `subject` at or after `from`,
  // as of at most 10 s ago. Errors as of Connection: not known.
  absl::StatusOr<Look> Find(absl::string_view subject, absl::string_view id, const ScanStart& from)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The message ids of one subject from a bound on.
  struct Ids {
    ScanStart from;
    absl::Time created;        // of the stream
    uint64_t next = 0;         // sequence where the next scan goes on; 0: nothing is read yet
    absl::Duration read_time;  // Clock::Elapsed of the last scan's start
    // What came before this may have been removed unread.
    ScanStart lost_before;
    absl::flat_hash_map<std::string, uint64_t> sequences;
  };

  absl::Status Refresh(const std::string& subject, const ScanStart& from, Ids& ids)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ReadOn(const StreamInfo& stream, const std::string& subject, Ids& ids)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Connection& connection_;
  Clock& clock_;
  const Observer observer_;
  absl::Mutex mutex_;  // one scan at a time
  // By subject and kind of bound (true: by sequence): the two cannot be compared.
  std::map<std::pair<std::string, bool>, Ids> subjects_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::nats
