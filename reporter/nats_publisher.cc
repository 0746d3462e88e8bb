#include "reporter/nats_publisher.h"

#include <utility>

#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/telemetry/log.h"
#include "reporter/keptn_publisher.h"

namespace jobexec::reporter {
namespace {

// How often a server without JetStream is asked whether it has it now.
constexpr absl::Duration kJetStreamCheck = absl::Minutes(1);

}  // namespace

NatsPublisher::NatsPublisher(nats::Connection& connection, keptn::Api* keptn, Clock& clock)
    : connection_(connection),
      keptn_(keptn),
      clock_(clock),
      index_(connection, clock, [this](const nats::StreamInfo& stream) { Learn(stream); }),
      reachable_(absl::UnavailableError("not connected to NATS yet")) {}

Transport NatsPublisher::transport() const {
  absl::MutexLock lock(&mutex_);
  if (!plain_) return Transport::kJetStream;
  return keptn_ == nullptr ? Transport::kHttp : Transport::kKeptn;
}

absl::StatusOr<Receipt> NatsPublisher::Publish(const cloudevents::Event& event) {
  if (transport() != Transport::kJetStream) return PublishPlain(event);
  const absl::StatusOr<nats::PublishAck> ack =
      connection_.Publish(event.type(), event.id(), cloudevents::ToStructuredJson(event));
  if (absl::IsFailedPrecondition(ack.status())) CheckJetStream();
  Note(ack.status());
  RETURN_IF_ERROR(ack.status());
  bool learned = false;
  {
    absl::MutexLock lock(&mutex_);
    learned = std::exchange(learned_, true);
  }
  if (!learned) {
    const absl::StatusOr<nats::StreamInfo> stream = connection_.FindStream(event.type());
    if (stream.ok()) Learn(*stream);
  }
  return Receipt{.sequence = ack->sequence, .duplicate = ack->duplicate};
}

absl::StatusOr<Receipt> NatsPublisher::PublishPlain(const cloudevents::Event& event) {
  bool check = false;
  {
    absl::MutexLock lock(&mutex_);
    check = clock_.Elapsed() - checked_ >= kJetStreamCheck;
  }
  if (check) CheckJetStream();
  if (transport() == Transport::kJetStream) {
    absl::Status status = absl::UnavailableError("the NATS server has JetStream now");
    SetReason(status, kNotSent);
    return status;
  }
  const absl::Status sent =
      connection_.PublishPlain(event.type(), cloudevents::ToStructuredJson(event));
  Note(sent);
  RETURN_IF_ERROR(sent);
  return Receipt{};
}

void NatsPublisher::CheckJetStream() {
  const absl::Duration now = clock_.Elapsed();
  const absl::StatusOr<bool> has_it = connection_.HasJetStream();
  if (!has_it.ok()) return;
  absl::MutexLock lock(&mutex_);
  checked_ = now;
  if (plain_ != *has_it) return;
  plain_ = !*has_it;
  if (plain_) {
    log::Warning(
        "the NATS server has no JetStream: answers are sent without confirmation, exactly-once is "
        "not promised");
  } else {
    log::Info("the NATS server has JetStream now: answers are confirmed");
  }
}

// That one event is refused, or may not be sent by us now, says nothing about the server.
void NatsPublisher::Note(const absl::Status& status) {
  if (absl::IsInvalidArgument(status) || absl::IsCancelled(status)) return;
  absl::MutexLock lock(&mutex_);
  reachable_ = Annotate(status, "answers cannot be sent");
}

absl::Status NatsPublisher::CheckReachable() const {
  absl::MutexLock lock(&mutex_);
  return reachable_;
}

void NatsPublisher::Probe() {
  const absl::Status connected = connection_.CheckConnected();
  Note(connected);
  if (!connected.ok()) return;
  bool first = false;
  {
    absl::MutexLock lock(&mutex_);
    first = checked_ == -absl::InfiniteDuration();
  }
  if (first) CheckJetStream();
}

void NatsPublisher::Learn(const nats::StreamInfo& stream) {
  {
    absl::MutexLock lock(&mutex_);
    learned_ = true;
    if (duplicate_window_ == stream.duplicate_window) return;
    duplicate_window_ = stream.duplicate_window;
  }
  if (stream.duplicate_window >= kSafeDuplicateWindow) return;
  log::Warning("the stream's duplicate window is too short: exactly-once is not promised",
               {{"stream", stream.name},
                {"window", absl::FormatDuration(stream.duplicate_window)},
                {"needed", absl::FormatDuration(kSafeDuplicateWindow)}});
}

absl::StatusOr<Finding> NatsPublisher::Find(const Wanted& wanted) {
  switch (transport()) {
    case Transport::kJetStream:
      return FindInStream(wanted);
    case Transport::kKeptn:
      return AskKeptn(*keptn_, wanted);
    case Transport::kHttp:
      break;
  }
  return absl::UnimplementedError("a NATS server without JetStream keeps nothing");
}

absl::StatusOr<Finding> NatsPublisher::FindInStream(const Wanted& wanted) {
  ASSIGN_OR_RETURN(const nats::AnswerIndex::Look look,
                   index_.Find(wanted.type, wanted.id,
                               {.sequence = wanted.bound.sequence, .time = wanted.bound.time}));
  if (look.sequence.has_value()) {
    return Finding{.kind = Finding::Kind::kStored, .sequence = *look.sequence};
  }
  if (look.complete) return Finding{};
  if (keptn_ != nullptr) return AskKeptn(*keptn_, wanted);
  log::Warning("the stream no longer has the time in question: an answer may be sent twice",
               {{"event_id", wanted.facts.id}, {"event_type", wanted.type}});
  return Finding{};
}

absl::Duration NatsPublisher::duplicate_window() const {
  absl::MutexLock lock(&mutex_);
  return duplicate_window_;
}

}  // namespace jobexec::reporter
