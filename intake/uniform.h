// The agent that keeps this installation in Keptn's register of integrations ("uniform") and learns
// from it what is subscribed.
#pragma once

#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/keptn/registration.h"
#include "common/keptn/uniform.h"
#include "intake/condition.h"
#include "intake/metrics.h"
#include "intake/subscriptions.h"

namespace jobexec::intake {

// Registers, then pings for as long as it runs; each ping's answer holds the subscriptions as they
// are now. Nothing that Keptn does or says ends it: it tries again with growing, jittered delays,
// registers again when Keptn has forgotten it, and keeps what it knew last meanwhile. Any number of
// replicas share one record.
//
// Who rules the subscriptions: Keptn's record, that is what users made of it. The configured topics
// make up a new record. In a known one they are looked at only when their list is another than the
// one that was last registered with it: then those are added that no subscription mentions. Nothing
// is ever changed or removed, and what users removed stays so. What was registered last is kept in
// the record itself, as build metadata of its distributor version: a record without it, e.g. of the
// original service, is left as it is unless it has no subscription at all. A record that expired
// while this process ran is made anew with the subscriptions that it had.
class UniformAgent {
 public:
  struct Options {
    keptn::Integration integration;
    std::vector<keptn::Subscription> configured;  // without ids
    absl::Duration heartbeat = absl::Seconds(5);
    absl::Duration first_backoff = absl::Seconds(1);
    absl::Duration longest_backoff = absl::Seconds(15);
  };

  // All must outlive the agent.
  UniformAgent(Options options, keptn::Api& api, Subscriptions& subscriptions, Clock& clock,
               Metrics& metrics);

  // On a thread of its own, until `stop` is notified and the call in hand has ended.
  void Run(const absl::Notification& stop);

  // OK if the last try to register and ping worked. Thread-safe.
  absl::Status Check() const { return condition_.Get(); }

 private:
  // What to do about subscriptions when registering.
  struct Plan {
    std::vector<keptn::Subscription> register_with;  // taken by Keptn if it has none
    std::string add_to;                              // id of the record
    std::vector<keptn::Subscription> additions;
  };

  absl::Status Beat();
  absl::Duration DelayAfter(const absl::Status& beat);
  absl::Status Register();
  absl::StatusOr<Plan> MakePlan();
  Plan PlanFor(const keptn::Registration& record) const;
  void Apply(const std::vector<keptn::Subscription>& list);

  const Options options_;
  keptn::Api& api_;
  Subscriptions& subscriptions_;
  Clock& clock_;
  Metrics& metrics_;
  Condition condition_;

  // Of the agent's thread.
  std::string id_;  // empty: to be registered
  Backoff backoff_;
  absl::BitGen random_;
};

}  // namespace jobexec::intake
