#include <nats/nats.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/nats/ack_subject.h"
#include "common/nats/consumer.h"
#include "common/nats/session.h"
#include "common/telemetry/log.h"

namespace jobexec::nats {
namespace {

// How often the server is asked how far all have come.
constexpr absl::Duration kInfoAge = absl::Seconds(10);
// The server's clock may be behind ours by this much.
constexpr absl::Duration kClockSkew = absl::Minutes(1);
// Once a message is there, the next one or the server's word that it was the last one is awaited
// this long; what comes later is of the next fetch.
constexpr absl::Duration kBatchGap = absl::Milliseconds(20);

// Statuses that the server sends in place of messages.
constexpr int kNoMessages = 404;
constexpr int kRequestOver = 408;
constexpr int kNoResponders = 503;

// Where to begin if the durable is gone, as far as this process knows.
struct Place {
  std::string stream;
  absl::Time created;          // of the stream: another one under its name has other messages
  uint64_t next_sequence = 0;  // all before it is settled; 0: nothing is, see begin_time
  absl::Time begin_time;       // before any message that the durable was to hand out
  absl::Time last_time;        // of the newest message that the stream is known to have had
};

// A connection on which the consumer is known to exist.
struct Binding {
  SessionPtr session;
  std::string stream;
  absl::Time consumer_created;
  std::string inbox;             // request N is answered to "<inbox>.N"
  SubscriptionPtr subscription;  // of "<inbox>.*"
  uint64_t request = 0;          // the last one
  absl::Duration info_time;      // Clock::Elapsed when its progress was last asked for
};

// What came to the inbox: a message, or the server's status for a request, or nothing in time.
struct Arrival {
  std::optional<Message> message;
  int status = 0;
  std::string text;      // of the status
  uint64_t request = 0;  // that the status answers
};

std::string HeaderOf(natsMsg* message, const char* name) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, name, &value) == NATS_OK && value != nullptr ? value : "";
}

Arrival StatusOf(natsMsg* message) {
  Arrival arrival{.text = HeaderOf(message, "Description")};
  if (natsMsg_IsNoResponders(message)) {
    arrival.status = kNoResponders;
  } else if (!absl::SimpleAtoi(HeaderOf(message, "Status"), &arrival.status)) {
    return {};
  }
  const std::string subject = natsMsg_GetSubject(message);
  if (!absl::SimpleAtoi(subject.substr(subject.rfind('.') + 1), &arrival.request)) return {};
  return arrival;
}

class DurableConsumer final : public Consumer {
 public:
  DurableConsumer(Options options, Clock& clock) : options_(std::move(options)), clock_(clock) {}

  absl::StatusOr<std::vector<Message>> Fetch(int most, absl::Duration wait) override {
    RETURN_IF_ERROR(EnsureBound());
    std::vector<Message> messages;
    absl::Status status = Renew();
    if (status.ok()) status = Collect(static_cast<size_t>(most), wait, messages);
    if (!status.ok()) binding_.reset();
    if (!status.ok() && messages.empty()) return status;
    return messages;
  }

  absl::Status Ack(const Message& message) override { return Say(message, "+ACK"); }

  absl::Status Nak(const Message& message, absl::Duration delay) override {
    const int64_t nanoseconds = absl::ToInt64Nanoseconds(delay);
    if (nanoseconds <= 0) return Say(message, "-NAK");
    return Say(message, absl::StrCat("-NAK {\"delay\":", nanoseconds, "}"));
  }

  absl::Status InProgress(const Message& message) override { return Say(message, "+WPI"); }

  absl::Status Flush() override {
    RETURN_IF_ERROR(EnsureBound());
    const natsStatus status = natsConnection_FlushTimeout(
        binding_->session->connection, absl::ToInt64Milliseconds(options_.request_timeout));
    return ToStatus(status, "acknowledging messages");
  }

  Backlog backlog() const override { return backlog_; }

 private:
  absl::Status EnsureBound() {
    if (binding_.has_value() && binding_->session->Connected()) return absl::OkStatus();
    binding_.reset();
    absl::Status status = Bind();
    if (!status.ok()) binding_.reset();
    // A stream that was there comes back: nobody falls back to core NATS for its sake.
    if (absl::IsFailedPrecondition(status) && place_.has_value()) {
      return absl::UnavailableError(status.message());
    }
    return status;
  }

  absl::Status Bind() {
    ASSIGN_OR_RETURN(
        SessionPtr session,
        Connect(options_.urls, options_.name, options_.connect_timeout, options_.request_timeout));
    const absl::StatusOr<std::string> name =
        StreamOf(*session, options_.subject, options_.request_timeout);
    if (absl::IsFailedPrecondition(name.status())) absent_ = clock_.TimeNow();
    RETURN_IF_ERROR(name.status());
    ASSIGN_OR_RETURN(const StreamInfo stream, ReadStreamInfo(*session, *name));
    binding_ = Binding{.session = std::move(session), .stream = *name};
    RETURN_IF_ERROR(EnsureConsumer(stream));
    return Subscribe();
  }

  // Finds the durable, mends its settings, or makes it.
  absl::Status EnsureConsumer(const StreamInfo& stream) {
    jsConsumerInfo* info = nullptr;
    jsErrCode code{};
    natsStatus status = js_GetConsumerInfo(&info, binding_->session->stream, stream.name.c_str(),
                                           options_.group.c_str(), nullptr, &code);
    ConsumerInfoPtr owner(info);
    if (status == NATS_NOT_FOUND || code == JSConsumerNotFoundErr) {
      ASSIGN_OR_RETURN(owner, AddConsumer(stream));
    } else {
      RETURN_IF_ERROR(ToStatus(status, code, "reading a consumer"));
      RETURN_IF_ERROR(CheckKind(stream.name, *info->Config));
      RETURN_IF_ERROR(MendSettings(stream.name, *info->Config));
    }
    binding_->consumer_created = absl::FromUnixNanos(owner->Created);
    if (place_.has_value() && place_->created != stream.created) ++life_;
    place_ = Place{.stream = stream.name, .created = stream.created, .last_time = stream.last_time};
    Note(*owner);
    return absl::OkStatus();
  }

  absl::Status CheckKind(const std::string& stream, const jsConsumerConfig& config) const {
    const bool pushes = config.DeliverSubject != nullptr && config.DeliverSubject[0] != '\0';
    if (!pushes && config.AckPolicy == js_AckExplicit) return absl::OkStatus();
    return absl::AlreadyExistsError(absl::StrCat(
        "stream ", stream, " has a consumer ", options_.group, " that ",
        pushes ? "pushes its messages" : "does not want each message acknowledged",
        ": it is not ours; delete it, or give this installation another INSTALLATION_ID"));
  }

  // What was set up by another version or with other settings.
  absl::Status MendSettings(const std::string& stream, const jsConsumerConfig& found) const {
    const std::string subject = found.FilterSubject == nullptr ? "" : found.FilterSubject;
    if (subject == options_.subject &&
        found.AckWait == absl::ToInt64Nanoseconds(options_.ack_wait) && found.MaxDeliver <= 0 &&
        found.MaxAckPending == options_.max_unacknowledged) {
      return absl::OkStatus();
    }
    jsConsumerConfig config = found;  // the rest cannot be changed
    SetLimits(config);
    jsErrCode code{};
    const natsStatus status = js_UpdateConsumer(nullptr, binding_->session->stream, stream.c_str(),
                                                &config, nullptr, &code);
    RETURN_IF_ERROR(ToStatus(status, code, absl::StrCat("changing consumer ", options_.group)));
    log::Info("the durable consumer had other settings: changed",
              {{"stream", stream}, {"consumer", options_.group}, {"subject_before", subject}});
    return absl::OkStatus();
  }

  absl::StatusOr<ConsumerInfoPtr> AddConsumer(const StreamInfo& stream) {
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = options_.group.c_str();
    config.AckPolicy = js_AckExplicit;
    SetLimits(config);
    const std::string begin = SetBegin(stream, config);
    jsConsumerInfo* info = nullptr;
    jsErrCode code{};
    const natsStatus status = js_AddConsumer(&info, binding_->session->stream, stream.name.c_str(),
                                             &config, nullptr, &code);
    ConsumerInfoPtr owner(info);
    RETURN_IF_ERROR(ToStatus(status, code, absl::StrCat("making consumer ", options_.group)));
    log::Info("durable consumer made",
              {{"stream", stream.name}, {"consumer", options_.group}, {"begins_with", begin}});
    return owner;
  }

  void SetLimits(jsConsumerConfig& config) const {
    config.FilterSubject = options_.subject.c_str();
    config.AckWait = absl::ToInt64Nanoseconds(options_.ack_wait);
    config.MaxDeliver = -1;
    config.MaxAckPending = options_.max_unacknowledged;
  }

  // The first message of a new durable. Returns it for people.
  std::string SetBegin(const StreamInfo& stream, jsConsumerConfig& config) const {
    const bool same_stream =
        place_.has_value() && place_->stream == stream.name && place_->created == stream.created;
    if (same_stream && place_->next_sequence != 0) {
      config.DeliverPolicy = js_DeliverByStartSequence;
      config.OptStartSeq = place_->next_sequence;
      return absl::StrCat("sequence ", place_->next_sequence);
    }
    const absl::Time since = BeginTime(same_stream);
    if (since <= absl::UnixEpoch()) {
      config.DeliverPolicy = js_DeliverNew;
      return "what comes from now on";
    }
    config.DeliverPolicy = js_DeliverByStartTime;
    config.OptStartTime = ToStartTime(since);
    return absl::StrCat("messages since ", absl::FormatTime(since, absl::UTCTimeZone()));
  }

  // InfinitePast if nothing is known. Of a stream that was not there before: all that is new.
  absl::Time BeginTime(bool same_stream) const {
    if (same_stream) return place_->begin_time;
    if (place_.has_value()) return place_->last_time + absl::Nanoseconds(1);
    return absent_ - kClockSkew;
  }

  absl::Status Subscribe() {
    natsInbox* inbox = nullptr;
    natsStatus status = natsInbox_Create(&inbox);
    const InboxPtr owner(inbox);
    RETURN_IF_ERROR(ToStatus(status, "subscribing"));
    binding_->inbox = inbox;
    natsSubscription* subscription = nullptr;
    status = natsConnection_SubscribeSync(&subscription, binding_->session->connection,
                                          absl::StrCat(binding_->inbox, ".*").c_str());
    binding_->subscription.reset(subscription);
    // What may come is bounded by what is asked for.
    if (status == NATS_OK) status = natsSubscription_SetPendingLimits(subscription, -1, -1);
    return ToStatus(status, "subscribing");
  }

  // Asks how far all have come, if that is long ago.
  absl::Status Renew() {
    if (clock_.Elapsed() - binding_->info_time < kInfoAge) return absl::OkStatus();
    jsConsumerInfo* info = nullptr;
    jsErrCode code{};
    const natsStatus status =
        js_GetConsumerInfo(&info, binding_->session->stream, binding_->stream.c_str(),
                           options_.group.c_str(), nullptr, &code);
    const ConsumerInfoPtr owner(info);
    RETURN_IF_ERROR(ToStatus(status, code, "reading a consumer"));
    if (absl::FromUnixNanos(info->Created) != binding_->consumer_created) {
      return absl::UnavailableError("somebody has made the durable consumer anew");
    }
    Note(*info);
    return absl::OkStatus();
  }

  void Note(const jsConsumerInfo& info) {
    place_->next_sequence = NextSequence(info);
    place_->begin_time = absl::FromUnixNanos(info.Config->DeliverPolicy == js_DeliverByStartTime
                                                 ? info.Config->OptStartTime
                                                 : info.Created);
    backlog_ = {.undelivered = info.NumPending,
                .unacknowledged = static_cast<uint64_t>(info.NumAckPending)};
    binding_->info_time = clock_.Elapsed();
  }

  // The server says 0 as long as nothing is acknowledged, wherever the durable began.
  static uint64_t NextSequence(const jsConsumerInfo& info) {
    if (info.AckFloor.Stream != 0) return info.AckFloor.Stream + 1;
    return info.Config->DeliverPolicy == js_DeliverByStartSequence ? info.Config->OptStartSeq : 0;
  }

  absl::Status Collect(size_t most, absl::Duration wait, std::vector<Message>& messages) {
    RETURN_IF_ERROR(Take(most, absl::ZeroDuration(), messages));  // late ones of earlier requests
    if (!messages.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(Request(most, wait));
    RETURN_IF_ERROR(Take(most, wait + options_.request_timeout, messages));
    return absl::OkStatus();
  }

  // Asks for all that is there, or else for the first that comes within `wait`.
  absl::Status Request(size_t most, absl::Duration wait) {
    const std::string request = json::Dump(
        {{"batch", most}, {"expires", absl::ToInt64Nanoseconds(wait)}, {"no_wait", true}});
    const natsStatus status = natsConnection_PublishRequestString(
        binding_->session->connection,
        absl::StrCat("$JS.API.CONSUMER.MSG.NEXT.", binding_->stream, ".", options_.group).c_str(),
        absl::StrCat(binding_->inbox, ".", ++binding_->request).c_str(), request.c_str());
    return ToStatus(status, "asking for messages");
  }

  // Moves what arrives to `messages`, until the server says that it was all or nothing more comes.
  // `wait` for the first one; zero: only what is here already.
  absl::Status Take(size_t most, absl::Duration wait, std::vector<Message>& messages) {
    while (messages.size() < most) {
      const absl::Duration patience = messages.empty() ? wait : std::min(wait, kBatchGap);
      ASSIGN_OR_RETURN(Arrival arrival, Next(patience));
      if (arrival.message.has_value()) {
        place_->last_time = std::max(place_->last_time, arrival.message->time);
        messages.push_back(*std::move(arrival.message));
      } else if (arrival.status == 0) {
        if (messages.empty() && wait > absl::ZeroDuration()) {
          return absl::UnavailableError("the NATS server does not answer requests for messages");
        }
        return absl::OkStatus();
      } else if (arrival.request == binding_->request) {
        return Judge(arrival);
      }
    }
    return absl::OkStatus();
  }

  static absl::Status Judge(const Arrival& arrival) {
    if (arrival.status == kNoMessages || arrival.status == kRequestOver) return absl::OkStatus();
    if (arrival.status == kNoResponders) {
      return absl::UnavailableError("the durable consumer is gone");
    }
    return absl::UnavailableError(
        absl::StrCat("the NATS server refuses messages: ", arrival.status, " ", arrival.text));
  }

  absl::StatusOr<Arrival> Next(absl::Duration timeout) {
    natsMsg* raw = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&raw, binding_->subscription.get(),
                                                       absl::ToInt64Milliseconds(timeout));
    const MessagePtr owner(raw);
    if (status == NATS_TIMEOUT) return Arrival{};
    if (status == NATS_NO_RESPONDERS) {
      return Arrival{.status = kNoResponders, .request = binding_->request};
    }
    RETURN_IF_ERROR(ToStatus(status, "fetching messages"));
    const char* reply = natsMsg_GetReply(raw);
    const auto info = ParseAckSubject(reply == nullptr ? "" : reply);
    if (!info.has_value()) return StatusOf(raw);
    return Arrival{
        .message = Message{.subject = natsMsg_GetSubject(raw),
                           .payload = std::string(natsMsg_GetData(raw),
                                                  static_cast<size_t>(natsMsg_GetDataLength(raw))),
                           .sequence = info->sequence,
                           .deliveries = info->deliveries,
                           .time = info->time,
                           .handle = absl::StrCat(life_, ":", reply)}};
  }

  absl::Status Say(const Message& message, const std::string& word) {
    RETURN_IF_ERROR(EnsureBound());
    const size_t colon = message.handle.find(':');
    // In another stream its number is that of another message.
    if (message.handle.substr(0, colon) != absl::StrCat(life_)) return absl::OkStatus();
    const natsStatus status = natsConnection_PublishString(
        binding_->session->connection, message.handle.c_str() + colon + 1, word.c_str());
    return ToStatus(status, "acknowledging a message");
  }

  const Options options_;
  Clock& clock_;
  std::optional<Binding> binding_;
  std::optional<Place> place_;
  absl::Time absent_ = absl::InfinitePast();  // when there was last seen to be no stream
  uint64_t life_ = 0;                         // counts the streams that there have been
  Backlog backlog_;
};

}  // namespace

std::unique_ptr<Consumer> Consumer::CreateDurable(Options options, Clock& clock) {
  return std::make_unique<DurableConsumer>(std::move(options), clock);
}

}  // namespace jobexec::nats
