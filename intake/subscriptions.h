// What this installation wants from Keptn at the moment.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/cloudevents/event.h"
#include "common/keptn/subscription.h"

namespace jobexec::intake {

struct SubscriptionSnapshot {
  bool known = false;          // false: Keptn has not told them yet, so nothing may be fetched
  std::string integration_id;  // in Keptn's register; empty without Keptn
  std::vector<keptn::Subscription> list;
};

// The present subscriptions: written by whoever learns them, read by the sources. Thread-safe.
class Subscriptions {
 public:
  // Never null; stays as it is while the caller holds it.
  std::shared_ptr<const SubscriptionSnapshot> Get() const;

  // True if this changed anything.
  bool Set(const std::string& integration_id, const std::vector<keptn::Subscription>& list);

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const SubscriptionSnapshot> snapshot_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const SubscriptionSnapshot>();
};

// Where an event belongs by its data; members that are absent or no strings are empty.
keptn::EventScope ScopeOf(const cloudevents::Event& event);

}  // namespace jobexec::intake
