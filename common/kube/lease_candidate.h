// One candidate for a Lease (coordination.k8s.io/v1): at any moment at most one of them leads.
//
// How: the holder renews the Lease by updates that its resourceVersion fences. It counts itself the
// leader for `renew_deadline` from the moment it began its last successful renewal. A rival takes
// the Lease only after it has seen it unchanged for `duration` by its own clock. A rival cannot see
// a renewal before it was begun, so its wait ends later than the holder's leadership, whatever a
// call takes, whichever answer is lost, and without two clocks ever being compared. What must hold
// is that both clocks run equally fast (8 s of one are more than 5 s of the other), and that nobody
// deletes the Lease: a candidate that has never seen it takes a missing one at once.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "common/kube/lease_options.h"

namespace jobexec::kube {

// Try, Pause and Release belong to one thread, the rest is thread-safe.
class LeaseCandidate {
 public:
  // `client` and `clock` must outlive the candidate.
  LeaseCandidate(LeaseOptions options, Client& client, Clock& clock);

  // Renews the Lease if it is ours; else looks at it, and takes it if it is free and we are
  // `willing`. At most three calls, each bounded. Errors: those of kube::Client; what was held
  // until then is held to the end of its deadline.
  absl::Status Try(bool willing);

  // How long to wait until the next Try.
  absl::Duration Pause();

  // Leads no longer, and if the Lease is ours gives it free for others to take at once. Call it
  // when nothing that was done as the leader is under way any more.
  absl::Status Release();

  // Which leadership of this candidate the present one is (1, 2, ...); 0 if it does not lead now. A
  // new number means that there was a moment without leadership in between. Cheap.
  uint64_t Term() const;

  // Who holds the Lease, as last seen; empty if it is free or was never seen.
  std::string SeenHolder() const;

 private:
  bool IsOurs() const;
  bool IsFree() const;
  absl::Duration ValidFor() const;
  absl::Status Read();
  absl::Status Create();
  absl::Status Write();
  absl::Status Update(const nlohmann::json& lease);
  nlohmann::json OurSpec() const;
  void See(nlohmann::json lease);
  void Lead(absl::Duration start);
  void End();

  const LeaseOptions options_;
  Client& client_;
  Clock& clock_;
  absl::BitGen random_;
  absl::Duration last_try_;
  nlohmann::json lease_;      // as last read or written; null: there is none, or it is not known
  nlohmann::json seen_spec_;  // the last one, kept when the Lease vanishes
  absl::Duration seen_at_;    // Clock::Elapsed when seen_spec_ was new

  mutable absl::Mutex mutex_;
  uint64_t term_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration lead_until_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  std::string seen_holder_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::kube
