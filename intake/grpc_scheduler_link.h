// The link to the scheduler over one gRPC stream at a time (Scheduler.StreamEvents).
#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "intake/metrics.h"
#include "intake/scheduler_link.h"
#include "intake/submission_window.h"

namespace grpc {
class Channel;
}

namespace jobexec::intake {

// Writes submissions in order, one write at a time, as long as credits last; reads outcomes in any
// order. When a stream ends, everything undecided is written again on the next one: the scheduler
// answers a repeat like the first time. A stream is opened by a thread of the link's own, which
// also gives up what is overdue; gRPC's threads only move messages. Thread-safe.
class GrpcSchedulerLink final : public SchedulerLink {
 public:
  struct Options {
    size_t capacity = 1024;  // undecided submissions; more are answered RETRY at once
    size_t credits = 256;    // submissions on the stream without an outcome
    absl::Duration first_backoff = absl::Milliseconds(100);  // before a stream is opened again
    absl::Duration longest_backoff = absl::Seconds(5);
    absl::Duration tick =
        absl::Milliseconds(50);  // how often deadlines and the stream are looked at
    // A scheduler that is silent about a submission for this long after its deadline is left.
    absl::Duration patience = absl::Seconds(10);
  };

  // Starts connecting at once. `clock` and `metrics` must outlive the link.
  GrpcSchedulerLink(std::shared_ptr<grpc::Channel> channel, const Options& options, Clock& clock,
                    Metrics& metrics);

  // Same as Stop(0).
  ~GrpcSchedulerLink() override;

  void Submit(EventSubmission submission, Callback done) override;

  // True while a stream stands on a live connection.
  bool Up() const;

  // Takes nothing more (RETRY at once), waits up to `grace` for what is undecided, answers the rest
  // with RETRY and ends the stream. Returns when every callback has run. Idempotent; not from a
  // callback.
  void Stop(absl::Duration grace);

 private:
  class Stream;

  // On the link's thread.
  void Run();
  void GiveUpOverdue();
  void KeepStream();
  void OpenStream();
  void RetireStream();
  void EndStream();

  // On any thread.
  // Why the submission is not taken; if it is (empty), both arguments are moved from.
  absl::string_view TryAdd(EventSubmission& submission, absl::Duration expiry, Callback& done);
  void WriteNext();
  void OnOutcome(EventOutcome outcome);
  void NoteIfDrainedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<grpc::Channel> channel_;
  const Options options_;
  Clock& clock_;
  Metrics& metrics_;

  mutable absl::Mutex mutex_;
  SubmissionWindow window_ ABSL_GUARDED_BY(mutex_);
  // Made and destroyed by the link's thread alone: never inside a reaction, where gRPC forbids it.
  std::unique_ptr<Stream> stream_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Notification drained_;  // stopping and nothing undecided
  absl::Notification stop_;

  // Of the link's thread.
  Backoff backoff_;
  absl::Duration next_attempt_ = -absl::InfiniteDuration();
  std::thread thread_;
};

}  // namespace jobexec::intake
