// The sources besides HTTP: which of them run, on which threads, and how they end.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/keptn/api.h"
#include "intake/dispatcher.h"
#include "intake/ended_sequences.h"
#include "intake/keptn_settings.h"
#include "intake/metrics.h"

namespace jobexec::intake {

// In Keptn's cluster: the agent that registers, and NATS. With Keptn's remote API: the agent, and
// the open offers, polled by the holder of a Lease. Without Keptn: NATS if topics are configured.
// Thread-safe.
class EventSources {
 public:
  // All must outlive the sources.
  struct Parts {
    keptn::Api* api;  // null: no Keptn
    EndedSequences& ends;
    Dispatcher& dispatcher;
    Clock& clock;
    Metrics& metrics;
  };

  // Keptn and NATS need not be there. Errors: what kube::ConnectCluster says, if a Lease is wanted.
  static absl::StatusOr<std::unique_ptr<EventSources>> Start(const KeptnSettings& settings,
                                                             const Parts& parts);

  // Same as Stop().
  ~EventSources();

  // OK if everything that the settings want works, else what does not, for /readyz.
  absl::Status Check() const;

  // Nothing is taken any more from now on. Does not wait.
  void BeginStop();

  // Returns when the threads have ended. Everything that was handed over must get its answer: stop
  // the dispatcher's link, and what it and the ends of sequences ask, between BeginStop and this.
  // A call to Keptn that is under way is waited for, at most 10 s. Idempotent.
  void Stop();

 private:
  struct State;
  explicit EventSources(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace jobexec::intake
