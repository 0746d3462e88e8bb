// Which of an installation's reporters acts.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "common/kube/lease_elector.h"

namespace prometheus {
class Registry;
}

namespace jobexec::reporter {

// Leading (by the Lease) and acting are two things: who leads first has to see the cluster as it is
// (Engine), and who leads no longer has to forget what it knew before it may act again.
// Thread-safe.
class Leadership {
 public:
  // With an empty name there is no election: this process leads for ever. The others must outlive
  // the leadership.
  Leadership(const kube::LeaseOptions& lease, kube::Client& kube, Clock& clock,
             prometheus::Registry& registry);

  // Takes part in the election; `willing` as in LeaseElector.
  void Start(std::function<bool()> willing);

  // Gives the Lease free. Nothing of this process may be under way any more.
  void Stop();

  // The present leadership's number; 0 if another process leads or nobody does.
  uint64_t Term() const;

  // Whether something may be written or sent now. To be asked before each write, as close to it as
  // can be: an old "yes" is worth nothing.
  bool MayAct() const;

  // MayAct from here on, for as long as `term` lasts.
  void Begin(uint64_t term) { acting_ = term; }
  // Not any more, whoever leads.
  void End() { acting_ = 0; }
  // The term of the last Begin; 0 after End.
  uint64_t acting_term() const { return acting_; }

  // Not OK if the Lease cannot be used for a reason that will not pass by itself.
  absl::Status Check() const;

 private:
  const std::unique_ptr<kube::LeaseElector> elector_;  // null: no election
  std::atomic<uint64_t> acting_ = 0;
};

}  // namespace jobexec::reporter
