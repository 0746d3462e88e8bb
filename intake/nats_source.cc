#include "intake/nats_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/rpc/time.h"
#include "common/runs/event_facts.h"
#include "common/telemetry/log.h"
#include "intake/filter.h"
#include "intake/sequence_end.h"

namespace jobexec::intake {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(200);
constexpr absl::Duration kLongestBackoff = absl::Seconds(5);
// After NATS could not be told something.
constexpr absl::Duration kSettlePause = absl::Seconds(1);
constexpr absl::Duration kShortestDelay = absl::Milliseconds(100);
// Anyone can cause such lines.
constexpr int kInvalidLinesPerSecond = 10;

// A wildcard at the end does not mean our own answers: their kind has to be named.
bool TakesKind(const keptn::Subscription& subscription, absl::string_view type) {
  return runs::IsTriggered(type) ||
         !(absl::EndsWith(subscription.event, ">") || absl::EndsWith(subscription.event, "*"));
}

// By its type alone, which is cheap.
bool MayBeWanted(const std::vector<keptn::Subscription>& list, absl::string_view type) {
  return std::any_of(list.begin(), list.end(), [&](const keptn::Subscription& subscription) {
    return TakesKind(subscription, type) && keptn::SubjectMatches(subscription.event, type);
  });
}

bool IsWanted(const std::vector<keptn::Subscription>& list, const cloudevents::Event& event) {
  const keptn::EventScope scope = ScopeOf(event);
  return std::any_of(list.begin(), list.end(), [&](const keptn::Subscription& subscription) {
    return TakesKind(subscription, event.type()) &&
           keptn::Matches(subscription, event.type(), scope);
  });
}

absl::StatusOr<cloudevents::Event> Decode(const nats::Message& message) {
  ASSIGN_OR_RETURN(cloudevents::Event event, cloudevents::FromStructuredJson(message.payload));
  if (event.spec_version().empty()) event.set_spec_version("1.0");  // Keptn is lenient here
  RETURN_IF_ERROR(cloudevents::Validate(event));
  if (event.type() != message.subject) {
    return absl::InvalidArgumentError(
        absl::StrCat("its type is ", event.type(), ", expected that of its subject"));
  }
  RETURN_IF_ERROR(CheckSize(event));
  return event;
}

bool IsOld(const nats::Message& message, absl::Time now) {
  // Also what was taken before and is not counted: the durable may have been made anew since.
  return message.sequence != 0 && (message.deliveries > 1 || now - message.time > kOldAge);
}

}  // namespace

void NatsSource::Verdicts::Put(uint64_t number, Verdict verdict) {
  absl::MutexLock lock(&mutex);
  list.emplace_back(number, verdict);
}

std::vector<std::pair<uint64_t, NatsSource::Verdict>> NatsSource::Verdicts::Take() {
  absl::MutexLock lock(&mutex);
  return std::exchange(list, {});
}

NatsSource::NatsSource(const Options& options, const Parts& parts)
    : options_(options),
      parts_(parts),
      condition_("events from NATS", absl::UnavailableError("nothing was fetched yet")),
      invalid_lines_(parts.clock, kInvalidLinesPerSecond),
      consumer_(&parts.durable),
      backoff_(kFirstBackoff, kLongestBackoff),
      next_fetch_(parts.clock.Elapsed()),
      next_settle_(next_fetch_),
      next_look_(next_fetch_) {}

void NatsSource::Run(const absl::Notification& stop) {
  while (!stop.HasBeenNotified()) {
    Settle();
    std::vector<nats::Message> messages = Fetch();
    const bool nothing = messages.empty();
    for (const uint64_t number : Register(std::move(messages))) Handle(number, stop);
    if (nothing) parts_.clock.WaitOrStop(stop, options_.pause);
  }
  Drain();
}

size_t NatsSource::Room() const {
  const size_t unsettled = std::min(unsettled_.size(), options_.max_unsettled);
  return std::min({options_.max_unsettled - unsettled, parts_.dispatcher.Room(),
                   static_cast<size_t>(options_.max_batch)});
}

// Before the subscriptions are known every message would be nobody's.
bool NatsSource::MayFetch() {
  if (parts_.clock.Elapsed() < next_fetch_) return false;
  if (parts_.subscriptions.Get()->known) return true;
  condition_.Set(absl::UnavailableError("the subscriptions are not known yet"));
  return false;
}

std::vector<nats::Message> NatsSource::Fetch() {
  const size_t room = Room();
  if (room == 0 || !MayFetch()) return {};
  absl::StatusOr<std::vector<nats::Message>> messages = FetchFromEither(
      static_cast<int>(room), unsettled_.empty() ? options_.idle_wait : options_.busy_wait);
  Note(messages.status());
  if (!messages.ok()) return {};
  return *std::move(messages);
}

absl::StatusOr<std::vector<nats::Message>> NatsSource::FetchFromEither(int most,
                                                                       absl::Duration wait) {
  if (!core_ && parts_.core.backlog().unacknowledged > 0) {
    auto refused = parts_.core.Fetch(most, absl::ZeroDuration());
    consumer_ = &parts_.core;
    if (refused.ok() && !refused->empty()) return refused;
  }
  if (!core_ || parts_.clock.Elapsed() >= next_look_) {
    auto messages = parts_.durable.Fetch(most, core_ ? options_.busy_wait : wait);
    if (messages.ok()) LeaveCore();
    consumer_ = &parts_.durable;
    if (!absl::IsFailedPrecondition(messages.status())) return messages;
    EnterCore(messages.status());
  }
  consumer_ = &parts_.core;
  return parts_.core.Fetch(most, wait);
}

void NatsSource::EnterCore(const absl::Status& why) {
  next_look_ = parts_.clock.Elapsed() + options_.look_for_stream;
  if (core_) return;
  core_ = true;
  log::Warning(
      "NATS without JetStream: events are taken at most once, those that come while no intake is "
      "connected or that a process loses are lost",
      {{"reason", std::string(why.message())}});
}

void NatsSource::LeaveCore() {
  if (!core_) return;
  core_ = false;
  log::Info("NATS has JetStream now: events are taken at least once");
  parts_.core.Leave();
}

void NatsSource::Note(const absl::Status& fetched) {
  condition_.Set(fetched);
  parts_.metrics.SetNatsState(fetched.ok(), fetched.ok() && !core_);
  if (fetched.ok()) {
    backoff_.Reset();
    const nats::Backlog backlog = consumer_->backlog();
    parts_.metrics.SetNatsBacklog(backlog.undelivered, backlog.unacknowledged);
  } else {
    next_fetch_ = parts_.clock.Elapsed() + backoff_.Next();
  }
}

// All at once, so that the last of a batch is kept alive while the first waits for room.
std::vector<uint64_t> NatsSource::Register(std::vector<nats::Message> messages) {
  std::vector<uint64_t> numbers;
  for (nats::Message& message : messages) {
    if (message.deliveries > 1) parts_.metrics.CountNatsRedelivery();
    if (IsRepeated(message)) {
      parts_.metrics.CountNatsMessage("repeated");
      continue;
    }
    numbers.push_back(++last_number_);
    if (message.sequence != 0) by_sequence_[message.sequence] = last_number_;
    unsettled_[last_number_] = {
        .consumer = consumer_, .message = std::move(message), .told = parts_.clock.Elapsed()};
  }
  return numbers;
}

// True if the message is in work here already: NATS did not hear of it for too long.
bool NatsSource::IsRepeated(const nats::Message& message) {
  const auto known = by_sequence_.find(message.sequence);
  if (message.sequence == 0 || known == by_sequence_.end()) return false;
  Unsettled& unsettled = unsettled_.at(known->second);
  if (unsettled.message.time != message.time) return false;  // of another stream
  unsettled.message.handle = message.handle;
  unsettled.told = parts_.clock.Elapsed();
  return true;
}

// The life of a message; what happens later comes in through its verdict.
void NatsSource::Handle(uint64_t number, const absl::Notification& stop) {
  if (stop.HasBeenNotified()) return verdicts_->Put(number, {.done = false});
  const nats::Message& message = unsettled_.at(number).message;
  const auto set = parts_.subscriptions.Get();
  const bool is_end = IsSequenceEnd(message.subject);
  if (!is_end && !MayBeWanted(set->list, message.subject)) return Decide(number, "not_wanted");
  absl::StatusOr<cloudevents::Event> event = Decode(message);
  std::exchange(unsettled_.at(number).message.payload, {});
  if (!event.ok()) {
    LogInvalid(message, event.status());
    return Decide(number, "invalid");
  }
  if (is_end) return HandleEnd(number, *std::move(event));
  if (!IsWanted(set->list, *event)) return Decide(number, "not_wanted");
  if (runs::IsTriggered(event->type()) && parts_.ends.HasEnded(*event)) {
    return Decide(number, "ended");
  }
  Submit(number,
         {.event = *std::move(event),
          .via = EventSubmission::VIA_NATS,
          .from_sequence = message.sequence,
          .integration_id = set->integration_id,
          .old = IsOld(message, parts_.clock.TimeNow())},
         stop);
}

void NatsSource::HandleEnd(uint64_t number, cloudevents::Event event) {
  parts_.metrics.CountNatsMessage("sequence_end");
  parts_.ends.Finished(std::move(event), [verdicts = verdicts_, number](bool done) {
    verdicts->Put(number, {.done = done, .delay = kEndDelay});
  });
}

// The fetch left room; if others have taken it since, this waits until there is some.
void NatsSource::Submit(uint64_t number, Delivery delivery, const absl::Notification& stop) {
  parts_.metrics.CountNatsMessage("submitted");
  Dispatcher::EventCallback done = [verdicts = verdicts_, number,
                                    longest = options_.longest_delay](const EventOutcome& outcome) {
    if (!outcome.has_retry()) return verdicts->Put(number, {});
    const absl::Duration delay = rpc::FromWire(outcome.retry().delay());
    verdicts->Put(number, {.done = false, .delay = std::clamp(delay, kShortestDelay, longest)});
  };
  // NOLINTNEXTLINE(bugprone-use-after-move): both are untouched while they are not taken
  while (!parts_.dispatcher.TryDispatch(std::move(delivery), std::move(done))) {
    if (parts_.clock.WaitOrStop(stop, options_.pause)) {
      return verdicts_->Put(number, {.done = false});
    }
    Settle();
  }
}

void NatsSource::Decide(uint64_t number, absl::string_view result) {
  parts_.metrics.CountNatsMessage(result);
  unsettled_.at(number).verdict = Verdict{};
}

void NatsSource::LogInvalid(const nats::Message& message, const absl::Status& error) {
  const auto suppressed = invalid_lines_.Allow();
  if (!suppressed) return;
  log::Warning("a message from NATS is no event that can be taken",
               {{"subject", message.subject},
                {"sequence", absl::StrCat(message.sequence)},
                {"error", std::string(error.message())},
                {"lines_suppressed", absl::StrCat(*suppressed)}});
}

// Tells NATS what is to be told: verdicts, and which messages are still in work.
void NatsSource::Settle() {
  for (const auto& [number, verdict] : verdicts_->Take()) unsettled_.at(number).verdict = verdict;
  if (parts_.clock.Elapsed() < next_settle_) return;
  absl::Status told = SettleWith(parts_.durable);
  if (told.ok()) told = SettleWith(parts_.core);
  if (!told.ok()) next_settle_ = parts_.clock.Elapsed() + kSettlePause;
}

// Everything that was said is said again unless NATS has read it all.
absl::Status NatsSource::SettleWith(nats::Consumer& consumer) {
  bool has_verdict = false;
  for (auto& [number, unsettled] : unsettled_) {
    if (unsettled.consumer != &consumer) continue;
    RETURN_IF_ERROR(Tell(unsettled));
    has_verdict |= unsettled.verdict.has_value();
  }
  if (!has_verdict) return absl::OkStatus();
  RETURN_IF_ERROR(consumer.Flush());
  Forget(consumer);
  return absl::OkStatus();
}

absl::Status NatsSource::Tell(Unsettled& unsettled) {
  nats::Consumer& consumer = *unsettled.consumer;
  if (unsettled.verdict.has_value()) {
    return unsettled.verdict->done ? consumer.Ack(unsettled.message)
                                   : consumer.Nak(unsettled.message, unsettled.verdict->delay);
  }
  const absl::Duration now = parts_.clock.Elapsed();
  if (now - unsettled.told < options_.keep_alive) return absl::OkStatus();
  RETURN_IF_ERROR(consumer.InProgress(unsettled.message));
  unsettled.told = now;
  return absl::OkStatus();
}

void NatsSource::Forget(nats::Consumer& consumer) {
  for (auto next = unsettled_.begin(); next != unsettled_.end();) {
    const Unsettled& unsettled = next->second;
    if (unsettled.consumer != &consumer || !unsettled.verdict.has_value()) {
      ++next;
      continue;
    }
    parts_.metrics.CountNatsSettled(unsettled.verdict->done ? "ack" : "nak");
    const auto sequence = by_sequence_.find(unsettled.message.sequence);
    if (sequence != by_sequence_.end() && sequence->second == next->first) {
      by_sequence_.erase(sequence);
    }
    next = unsettled_.erase(next);
  }
}

void NatsSource::Drain() {
  const absl::Notification never;
  while (!unsettled_.empty()) {
    const absl::Duration before = next_settle_;
    Settle();
    const bool decided = std::all_of(unsettled_.begin(), unsettled_.end(), [](const auto& entry) {
      return entry.second.verdict.has_value();
    });
    const bool failed = next_settle_ != before;
    if (decided && failed) break;
    if (!unsettled_.empty()) parts_.clock.WaitOrStop(never, options_.pause);
  }
  if (unsettled_.empty()) return;
  log::Warning("NATS cannot be told what became of messages: it hands them out again",
               {{"messages", absl::StrCat(unsettled_.size())}});
}

}  // namespace jobexec::intake
