// Events from Keptn's remote API: what is open (offered and not answered) is listed again and
// again.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/keptn/api.h"
#include "common/keptn/events.h"
#include "common/keptn/subscription.h"
#include "intake/condition.h"
#include "intake/dispatcher.h"
#include "intake/metrics.h"
#include "intake/subscriptions.h"

namespace jobexec::intake {

// Each round lists every subscribed type once, however many subscriptions and replicas there are,
// and filters here: Keptn filters by one value only. A list is a state, no queue: an offer stays in
// it until its task ends. So the ids of decided offers are kept while they are listed, and each
// offer is submitted once (again after a RETRY, when its delay is over). Only what there is room
// for is submitted, the oldest first; the rest stays with Keptn until the next round.
class OfferSource {
 public:
  struct Options {
    absl::Duration interval = absl::Seconds(1);
    absl::Duration longest_backoff = absl::Seconds(30);  // after failures
    size_t max_offers = 50'000;                          // known at a time; more wait
  };
  // True if this process is the one that polls. Asked before each call.
  using MayPoll = absl::AnyInvocable<bool() const>;

  // All must outlive it; the dispatcher must have answered everything before it goes.
  OfferSource(const Options& options, keptn::Api& api, const Subscriptions& subscriptions,
              Dispatcher& dispatcher, MayPoll may_poll, Clock& clock, Metrics& metrics);

  // On a thread of its own, until `stop` is notified and the call in hand has ended.
  void Run(const absl::Notification& stop);

  // OK if the last round worked, or it is not this process that polls. Thread-safe.
  absl::Status Check() const;

 private:
  // What became of an offer so far.
  struct Offer {
    std::string type;
    bool in_flight = false;
    bool decided = false;
    // When it was first handed over here, unless it had to be looked up: then it may have run
    // before this process knew it, and is looked up each time.
    std::optional<absl::Duration> first_try;
    absl::Duration not_before = -absl::InfiniteDuration();
  };
  // The filter that may be left to Keptn, by type.
  using Queries = std::map<std::string, keptn::SubscriptionFilter>;

  // One round; returns how long to wait until the next.
  absl::Duration Round();
  absl::Duration Pause();
  void NotePolling(bool polls);
  absl::Status Poll(const SubscriptionSnapshot& snapshot);
  Queries QueriesFor(const SubscriptionSnapshot& snapshot);
  absl::Status PollType(const std::string& type, const keptn::SubscriptionFilter& filter,
                        const SubscriptionSnapshot& snapshot);
  void NoteProject(const std::string& type, const std::string& missing);
  void Take(const std::string& type, keptn::Offers offers, const SubscriptionSnapshot& snapshot);
  // False if there is no room for it.
  bool Submit(cloudevents::Event event, const std::string& integration_id, absl::Time now);
  // Takes the offer in hand. Nothing if it is not its turn; else whether it may have run long ago.
  std::optional<bool> Begin(const cloudevents::Event& event, absl::Duration start, absl::Time now);
  void NoteDispatch(const std::string& id, absl::Duration start, bool is_old, bool taken);
  void OnOutcome(const std::string& id, const EventOutcome& outcome);
  void Forget(const std::string& type, const absl::flat_hash_set<std::string>& listed);
  void ForgetOtherTypes(const Queries& queries);

  const Options options_;
  keptn::Api& api_;
  const Subscriptions& subscriptions_;
  Dispatcher& dispatcher_;
  const MayPoll may_poll_;
  Clock& clock_;
  Metrics& metrics_;
  Condition condition_;

  // Of the source's thread.
  Backoff backoff_;
  absl::BitGen random_;
  std::set<std::string> without_project_;  // types whose filter names a project that Keptn lacks
  std::set<std::string> not_pollable_;     // subscribed, but Keptn cannot list it

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Offer> offers_ ABSL_GUARDED_BY(mutex_);  // by event id
  bool polling_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace jobexec::intake
