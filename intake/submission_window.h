// The bookkeeping of a stream to the scheduler: what waits, what was written under which number,
// what is overdue. No I/O, so that the rules can be tested by tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "intake/scheduler_link.h"

namespace jobexec::intake {

// Submissions keep the order in which they were added, also across streams. Not thread-safe.
class SubmissionWindow {
 public:
  using Callback = SchedulerLink::Callback;

  // Holds up to `capacity` undecided submissions, of which up to `credits` are written on a stream
  // and not answered by the scheduler.
  SubmissionWindow(size_t capacity, size_t credits) : capacity_(capacity), credits_(credits) {}

  bool Full() const { return pending_.size() >= capacity_; }
  bool Empty() const { return pending_.empty(); }

  // Adds a submission that is given up at `expiry` (of any steady clock). Must not be Full.
  void Add(EventSubmission submission, absl::Duration expiry, Callback done);

  // A new stream begins: everything undecided is to be written again, in order, numbered from 1.
  void StartStream();

  // The oldest submission that is not written on this stream, with its sequence number set; nullptr
  // if there is none or the credits are used up. It lives until its write is done, whatever happens
  // here.
  std::shared_ptr<const EventSubmission> NextToWrite();

  // What the scheduler's answer to `sequence` is for.
  struct Answered {
    bool known = false;  // false: nothing was written under this number, or it is answered
    std::optional<Callback> done;  // nothing if the submission was given up before
  };
  // Takes the answered submission out and gives its credit back.
  Answered TakeAnswered(uint64_t sequence);

  // Takes out what expired at or before `now`. Credits stay used until the scheduler answers.
  std::vector<Callback> TakeExpired(absl::Duration now);

  // Takes out everything.
  std::vector<Callback> TakeAll();

  // True if the scheduler has not answered something on this stream for longer than `patience`
  // after it was to be given up.
  bool Stalled(absl::Duration now, absl::Duration patience) const;

 private:
  struct Pending {
    // Shared with the write in flight.
    std::shared_ptr<EventSubmission> submission;
    absl::Duration expiry;
    Callback done;
  };
  struct Written {
    uint64_t order;
    absl::Duration expiry;
  };

  const size_t capacity_;
  const size_t credits_;
  uint64_t next_order_ = 0;
  std::map<uint64_t, Pending> pending_;  // by order of arrival
  // Of the present stream.
  uint64_t first_unwritten_ = 0;  // order
  uint64_t last_sequence_ = 0;
  std::map<uint64_t, Written> written_;  // by sequence, without answer
};

}  // namespace jobexec::intake
