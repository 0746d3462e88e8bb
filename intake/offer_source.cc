#include "intake/offer_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/keptn/api_error.h"
#include "common/rpc/time.h"
#include "common/telemetry/log.h"
#include "intake/filter.h"

namespace jobexec::intake {
namespace {

// Before an offer is submitted again.
constexpr absl::Duration kLongestWait = absl::Minutes(1);
// A round comes up to a tenth earlier or later.
constexpr double kSpread = 0.1;
// What this process handed over so long ago may have run and gone since.
constexpr absl::Duration kTrusted = absl::Minutes(10);

bool IsPollable(absl::string_view type) {
  return absl::EndsWith(type, ".triggered") && type.find_first_of("*>") == absl::string_view::npos;
}

}  // namespace

OfferSource::OfferSource(const Options& options, keptn::Api& api,
                         const Subscriptions& subscriptions, Dispatcher& dispatcher,
                         MayPoll may_poll, Clock& clock, Metrics& metrics)
    : options_(options),
      api_(api),
      subscriptions_(subscriptions),
      dispatcher_(dispatcher),
      may_poll_(std::move(may_poll)),
      clock_(clock),
      metrics_(metrics),
      condition_("polling Keptn's offers", absl::UnavailableError("not polled yet")),
      backoff_(options.interval, options.longest_backoff) {}

void OfferSource::Run(const absl::Notification& stop) {
  absl::Duration delay;
  while (!clock_.WaitOrStop(stop, delay)) delay = Round();
}

absl::Duration OfferSource::Round() {
  const bool polls = may_poll_();
  NotePolling(polls);
  if (!polls) return Pause();
  const auto snapshot = subscriptions_.Get();
  if (!snapshot->known) {
    condition_.Set(absl::UnavailableError("the subscriptions are not known yet"));
    return Pause();
  }
  const absl::Status polled = Poll(*snapshot);
  condition_.Set(polled);
  if (polled.ok()) {
    backoff_.Reset();
    return Pause();
  }
  return std::max(backoff_.Next(), keptn::WantedPause(polled));
}

absl::Duration OfferSource::Pause() {
  return options_.interval * absl::Uniform(random_, 1 - kSpread, 1 + kSpread);
}

absl::Status OfferSource::Check() const {
  {
    absl::MutexLock lock(&mutex_);
    if (!polling_) return absl::OkStatus();
  }
  return condition_.Get();
}

void OfferSource::NotePolling(bool polls) {
  {
    absl::MutexLock lock(&mutex_);
    if (polling_ == polls) return;
    polling_ = polls;
  }
  log::Info(polls ? "polls Keptn's offers" : "leaves Keptn's offers to another replica");
}

absl::Status OfferSource::Poll(const SubscriptionSnapshot& snapshot) {
  const Queries queries = QueriesFor(snapshot);
  ForgetOtherTypes(queries);
  for (const auto& [type, filter] : queries) {
    if (dispatcher_.Room() == 0 || !may_poll_()) break;
    const absl::Status polled = PollType(type, filter, snapshot);
    metrics_.CountPoll(polled.ok());
    RETURN_IF_ERROR(polled);
  }
  absl::MutexLock lock(&mutex_);
  metrics_.SetOpenOffers(offers_.size());
  return absl::OkStatus();
}

// Several subscriptions to a type are served by one list of all its offers.
OfferSource::Queries OfferSource::QueriesFor(const SubscriptionSnapshot& snapshot) {
  Queries queries;
  for (const keptn::Subscription& subscription : snapshot.list) {
    if (!IsPollable(subscription.event)) {
      if (not_pollable_.insert(subscription.event).second) {
        log::Warning("a subscription brings nothing: Keptn's API lists offers of whole types",
                     {{"event_type", subscription.event}});
      }
      continue;
    }
    const auto [query, is_new] = queries.emplace(subscription.event, subscription.filter);
    if (!is_new && query->second != subscription.filter) query->second = {};
  }
  return queries;
}

absl::Status OfferSource::PollType(const std::string& type, const keptn::SubscriptionFilter& filter,
                                   const SubscriptionSnapshot& snapshot) {
  auto offers = keptn::ListOffers(api_, type, filter, clock_);
  // Without a project in the query it means something else.
  const bool no_project = absl::IsNotFound(offers.status()) && filter.projects.size() == 1;
  NoteProject(type, no_project ? filter.projects[0] : "");
  if (no_project) {
    Forget(type, {});
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(offers.status());
  Take(type, *std::move(offers), snapshot);
  return absl::OkStatus();
}

void OfferSource::NoteProject(const std::string& type, const std::string& missing) {
  if (missing.empty()) {
    without_project_.erase(type);
  } else if (without_project_.insert(type).second) {
    log::Warning("Keptn has no such project: nothing is offered for it",
                 {{"project", missing}, {"event_type", type}});
  }
}

void OfferSource::Take(const std::string& type, keptn::Offers offers,
                       const SubscriptionSnapshot& snapshot) {
  absl::flat_hash_set<std::string> listed;
  for (const cloudevents::Event& event : offers.events) listed.insert(event.id());
  if (offers.complete) Forget(type, listed);
  // Oldest first.
  for (auto next = offers.events.rbegin(); next != offers.events.rend(); ++next) {
    if (next->type() != type) continue;
    if (keptn::FindMatch(snapshot.list, type, ScopeOf(*next)) == nullptr) continue;
    if (!Submit(std::move(*next), snapshot.integration_id, offers.now)) break;
  }
}

bool OfferSource::Submit(cloudevents::Event event, const std::string& integration_id,
                         absl::Time now) {
  const std::string id = event.id();
  const absl::Duration start = clock_.Elapsed();
  const std::optional<bool> is_old = Begin(event, start, now);
  if (!is_old) return true;
  Delivery delivery = {.event = std::move(event),
                       .via = EventSubmission::VIA_KEPTN,
                       .integration_id = integration_id,
                       .old = *is_old};
  const bool taken = dispatcher_.TryDispatch(
      std::move(delivery), [this, id](const EventOutcome& outcome) { OnOutcome(id, outcome); });
  NoteDispatch(id, start, *is_old, taken);
  return taken;
}

std::optional<bool> OfferSource::Begin(const cloudevents::Event& event, absl::Duration start,
                                       absl::Time now) {
  absl::Status fault;
  {
    absl::MutexLock lock(&mutex_);
    const bool is_known = offers_.contains(event.id());
    if (!is_known && offers_.size() >= options_.max_offers) return std::nullopt;
    Offer& offer = offers_[event.id()];
    if (offer.in_flight || offer.decided || start < offer.not_before) return std::nullopt;
    offer.type = event.type();
    fault = cloudevents::Validate(event);
    fault.Update(CheckSize(event));
    if (fault.ok()) {
      offer.in_flight = true;
      const bool trusted = offer.first_try && start - *offer.first_try <= kTrusted;
      return !trusted && IsOldByItsTime(event, now);
    }
    offer.decided = true;
  }
  log::Warning("an offer of Keptn cannot be taken", {{"event_id", event.id()},
                                                     {"event_type", event.type()},
                                                     {"error", std::string(fault.message())}});
  return std::nullopt;
}

// The outcome may be there already.
void OfferSource::NoteDispatch(const std::string& id, absl::Duration start, bool is_old,
                               bool taken) {
  absl::MutexLock lock(&mutex_);
  Offer& offer = offers_.at(id);
  if (!taken) {
    offer.in_flight = false;
  } else if (!is_old && !offer.first_try) {
    offer.first_try = start;
  }
}

void OfferSource::OnOutcome(const std::string& id, const EventOutcome& outcome) {
  absl::MutexLock lock(&mutex_);
  const auto found = offers_.find(id);
  if (found == offers_.end()) return;
  Offer& offer = found->second;
  offer.in_flight = false;
  offer.decided = !outcome.has_retry();
  if (offer.decided) return;
  const absl::Duration delay = rpc::FromWire(outcome.retry().delay());
  offer.not_before = clock_.Elapsed() + std::min(delay, kLongestWait);
}

// Those whose outcome is awaited go in a later round.
void OfferSource::Forget(const std::string& type, const absl::flat_hash_set<std::string>& listed) {
  absl::MutexLock lock(&mutex_);
  absl::erase_if(offers_, [&](const auto& entry) {
    return entry.second.type == type && !entry.second.in_flight && !listed.contains(entry.first);
  });
}

void OfferSource::ForgetOtherTypes(const Queries& queries) {
  absl::MutexLock lock(&mutex_);
  absl::erase_if(offers_, [&](const auto& entry) {
    return !entry.second.in_flight && !queries.contains(entry.second.type);
  });
}

}  // namespace jobexec::intake
