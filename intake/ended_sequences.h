// Sequences of Keptn that ended early: what they left running is cancelled, and what they triggered
// before their end is not begun any more.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "intake/metrics.h"
#include "intake/run_canceller.h"
#include "intake/sequence_end.h"
#include "intake/sequence_ends.h"
#include "intake/subscriptions.h"

namespace jobexec::intake {

// An end cancels if the sequence was aborted, timed out or failed; one that went well costs
// nothing. Runs that owe no answer are cancelled only by an abort. Thread-safe.
class EndedSequences final : public SequenceEnds {
 public:
  struct Options {
    // How long an end is remembered: events that the source gives again come within it.
    absl::Duration keep = absl::Minutes(15);
    size_t max_kept = 10'000;  // ends; beyond, the oldest are forgotten
    // A cancel finds only what is stored. What another intake was just submitting is found by
    // asking again: after a usual submission, and after the longest one.
    std::vector<absl::Duration> repeats = {absl::Seconds(5), absl::Seconds(65)};
    absl::Duration tick = absl::Seconds(1);
  };

  // All must outlive it, and the canceller must have answered everything before it goes.
  EndedSequences(Options options, RunCanceller& canceller, Clock& clock, Metrics& metrics);

  void Finished(cloudevents::Event event, Done done) override;
  bool HasEnded(const cloudevents::Event& triggered) const override;

  // Repeats cancels, on a thread of its own, until `stop` is notified.
  void Run(const absl::Notification& stop);

 private:
  struct Kept {
    SequenceEnd end;
    absl::Duration since;
    bool cancelled = false;  // a scheduler has confirmed it
    size_t repeated = 0;
  };

  // Remembers the end. True if its cancel has been confirmed before.
  bool Keep(const SequenceEnd& end);
  void ForgetOldLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Kept* FindLocked(const SequenceEnd& end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cancel(const SequenceEnd& end, Done done);
  // True if there is nothing left to do for the end.
  bool OnCancelled(const SequenceEnd& end, const absl::StatusOr<CancelRunsResponse>& response);
  std::vector<SequenceEnd> TakeDueRepeats();

  const Options options_;
  RunCanceller& canceller_;
  Clock& clock_;
  Metrics& metrics_;
  mutable absl::Mutex mutex_;
  std::deque<Kept> kept_ ABSL_GUARDED_BY(mutex_);                           // oldest first
  absl::flat_hash_map<std::string, int> contexts_ ABSL_GUARDED_BY(mutex_);  // ends kept of each
};

}  // namespace jobexec::intake
