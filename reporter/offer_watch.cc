#include "reporter/offer_watch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/backoff.h"
#include "common/keptn/events.h"
#include "common/runs/cancel_marks.h"
#include "common/telemetry/log.h"

namespace jobexec::reporter {
namespace {

using runs::Ledger;

constexpr absl::Duration kMarkTimeout = absl::Seconds(10);
constexpr absl::Duration kLongestLookPause = absl::Minutes(1);
// Questions about single events in one look at a type, if one page does not hold its offers.
constexpr size_t kMaxQuestions = 50;

bool AwaitsAnswer(const runs::JobRecord& anchor) {
  switch (anchor.ledger.state) {
    case Ledger::State::kNothing:
    case Ledger::State::kStartedIntent:
    case Ledger::State::kStarted:
      return true;
    // Once .finished is sent the offer goes as it should.
    case Ledger::State::kNone:
    case Ledger::State::kFinishedIntent:
    case Ledger::State::kFinished:
      return false;
  }
  return false;
}

std::vector<runs::Cancel> MarksFor(const runs::JobRecord& anchor, absl::Time now) {
  const runs::Cancel cancel = {
      .by = "keptn",
      .why =
          "its task is not offered any more: the sequence was aborted, ran out of time or went "
          "on without it",
      .time = now,
      .sequence_ended = true};
  if (anchor.refused || !AwaitsAnswer(anchor)) return {};
  return runs::MissingMarks(runs::SelectActions(anchor, cancel, /*include_silent=*/false).marks,
                            anchor);
}

}  // namespace

bool AbsentOffers::Note(const std::string& hash, bool present, absl::Duration elapsed) {
  if (present) {
    since_.erase(hash);
    return false;
  }
  return elapsed - since_.try_emplace(hash, elapsed).first->second >= kOfferGap;
}

void AbsentOffers::Retain(const absl::flat_hash_set<std::string>& hashes) {
  absl::erase_if(since_, [&](const auto& entry) { return !hashes.contains(entry.first); });
}

void OfferWatch::Run(const absl::Notification& stop) {
  Backoff backoff(2 * kOfferGap, kLongestLookPause);
  absl::Duration pause = kOfferGap;
  while (!parts_.clock.WaitOrStop(stop, pause)) {
    const bool ok = !parts_.may_act() || Look();
    if (ok) backoff.Reset();
    pause = ok ? kOfferGap : backoff.Next();
  }
}

bool OfferWatch::Look() {
  const std::map<std::string, std::vector<Waiting>> waiting = ListWaiting();
  absl::flat_hash_set<std::string> hashes;
  for (const auto& [type, events] : waiting) {
    for (const Waiting& event : events) hashes.insert(event.hash);
  }
  absent_.Retain(hashes);
  bool ok = true;
  for (const auto& [type, events] : waiting) ok = LookAt(type, events) && ok;
  return ok;
}

std::map<std::string, std::vector<OfferWatch::Waiting>> OfferWatch::ListWaiting() const {
  std::map<std::string, std::vector<Waiting>> waiting;
  parts_.store.ForEachAnchor([&](const JobPtr& anchor) {
    const runs::JobRecord& record = anchor->record;
    if (record.facts.via != runs::Via::kKeptn || MarksFor(record, absl::InfinitePast()).empty()) {
      return;
    }
    waiting[record.facts.type].push_back({.hash = record.event_hash,
                                          .id = record.facts.id,
                                          .project = record.facts.project,
                                          .name_space = record.name_space,
                                          .job = record.name,
                                          .uid = record.uid});
  });
  return waiting;
}

// Of all projects: who has many of them has few types.
bool OfferWatch::LookAt(const std::string& type, const std::vector<Waiting>& events) {
  const absl::StatusOr<keptn::Offers> offers =
      keptn::ListOffers(parts_.api, type, {}, parts_.clock);
  if (!offers.ok()) {
    log::Warning("cannot see whether events are still offered",
                 {{"event_type", type}, {"error", offers.status().ToString()}});
    return false;
  }
  absl::flat_hash_set<std::string> offered;
  for (const cloudevents::Event& event : offers->events) offered.insert(event.id());
  bool ok = true;
  std::vector<Waiting> missing;
  for (const Waiting& event : events) {
    const bool present = offered.contains(event.id);
    if (present || offers->complete) {
      ok = Judge(event, present) && ok;
    } else {
      missing.push_back(event);
    }
  }
  return Ask(type, missing) && ok;
}

// One question per event, not all at once: the next look goes on where this one ends.
bool OfferWatch::Ask(const std::string& type, const std::vector<Waiting>& missing) {
  std::vector<Waiting> events = missing;
  const auto by_hash = [](const Waiting& a, const Waiting& b) { return a.hash < b.hash; };
  std::sort(events.begin(), events.end(), by_hash);
  const auto next =
      std::upper_bound(events.begin(), events.end(), Waiting{.hash = asked_last_}, by_hash);
  std::rotate(events.begin(), next, events.end());
  if (events.size() > kMaxQuestions) events.resize(kMaxQuestions);
  for (const Waiting& event : events) {
    asked_last_ = event.hash;
    const absl::StatusOr<bool> open = keptn::IsOpen(parts_.api, type, event.project, event.id);
    if (!open.ok()) {
      log::Warning("cannot see whether an event is still offered",
                   {{"event_id", event.id}, {"error", open.status().ToString()}});
      return false;
    }
    if (!Judge(event, *open)) return false;
  }
  return true;
}

bool OfferWatch::Judge(const Waiting& event, bool present) {
  return !absent_.Note(event.hash, present, parts_.clock.Elapsed()) || Cancel(event);
}

// Reads the anchor as it is now: its answer may just have been sent.
bool OfferWatch::Cancel(const Waiting& event) {
  const kube::Collection jobs = kube::Jobs(event.name_space);
  const absl::StatusOr<nlohmann::json> anchor = parts_.kube.Get(jobs, event.job, kMarkTimeout);
  if (absl::IsNotFound(anchor.status())) return true;
  absl::Status status = anchor.status();
  if (status.ok()) {
    const absl::StatusOr<runs::JobRecord> record = runs::ReadJob(*anchor);
    if (!record.ok() || record->uid != event.uid || !runs::IsOpen(*anchor, *record)) return true;
    const std::vector<runs::Cancel> marks = MarksFor(*record, parts_.clock.TimeNow());
    if (marks.empty() || !parts_.may_act()) return true;
    status =
        parts_.kube.Patch(jobs, event.job, runs::CancelPatch(*anchor, *record, marks), kMarkTimeout)
            .status();
  }
  if (!status.ok()) {
    log::Warning("cannot cancel an event that is not offered any more",
                 {{"event_id", event.id}, {"error", status.ToString()}});
    return false;
  }
  parts_.metrics.CountVanishedOffer();
  log::Info("event cancelled: it is not offered any more", {{"event_id", event.id}});
  return true;
}

}  // namespace jobexec::reporter
