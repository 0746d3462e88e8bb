// Leader election among processes: takes part in the contest for a Lease on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "common/kube/lease_options.h"

namespace prometheus {
class Counter;
class Gauge;
class Registry;
}  // namespace prometheus

namespace jobexec::kube {

class LeaseCandidate;

// The name of this host and random digits: no process ever had it.
std::string NewHolderName();

// At any moment at most one elector of a Lease leads (lease_candidate.h says why). After the death
// of the leader another one takes over within `duration` and two times `retry`, after its Stop
// within `retry`. Needs the rights to get, create and update Leases. Logs each change and counts:
//   jobexec_lease_leader{lease}                1 if this process leads
//   jobexec_lease_changes_total{lease,change}  change: gained, lost
// Thread-safe.
class LeaseElector {
 public:
  // `client`, `clock` and `registry` must outlive the elector. Does nothing yet.
  LeaseElector(const LeaseOptions& options, Client& client, Clock& clock,
               prometheus::Registry& registry);

  // Same as Stop.
  ~LeaseElector();

  // Takes part from here on. `willing` (may be empty) is asked before the Lease is taken, on the
  // elector's thread: until it says true the Lease is only watched.
  void Start(std::function<bool()> willing);

  // True if this process leads at this very moment. A memory read: ask it before each act.
  bool LeadsNow() const { return Term() != 0; }

  // The number of the present leadership, 0 if there is none. Who finds another number than before
  // has not been the leader all the time: another one may have acted meanwhile.
  uint64_t Term() const;

  // The last attempt's result, e.g. PERMISSION_DENIED for a missing right. OK before the first.
  absl::Status status() const;

  // Gives the Lease free, so that another one takes over at once; nothing that was done as the
  // leader may be under way any more. Takes at most as long as three calls, usually milliseconds.
  // Idempotent.
  void Stop();

 private:
  void Run(const std::function<bool()>& willing);
  void Note(const absl::Status& status);
  void NoteLeadership();
  void NoteHolder();

  const LeaseOptions options_;
  Clock& clock_;
  const std::unique_ptr<LeaseCandidate> candidate_;
  prometheus::Gauge& leads_;
  prometheus::Counter& gained_;
  prometheus::Counter& lost_;
  uint64_t noted_term_ = 0;   // of the elector's thread
  std::string noted_holder_;  // likewise
  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  absl::Notification stop_;
  absl::Mutex stop_mutex_;  // one Stop at a time
  std::thread thread_;
};

}  // namespace jobexec::kube
