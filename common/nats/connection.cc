#include "common/nats/connection.h"

#include <nats/nats.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"

namespace jobexec::nats {
namespace {

// A silent peer is given up after three intervals.
constexpr absl::Duration kPingInterval = absl::Seconds(10);
constexpr int kPingsOut = 2;

// Deleters of the library's C objects.
template <auto destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
template <typename T, auto destroy>
using Owned = std::unique_ptr<T, Destroyer<destroy>>;

using OptionsPtr = Owned<natsOptions, natsOptions_Destroy>;
using MessagePtr = Owned<natsMsg, natsMsg_Destroy>;
using AckPtr = Owned<jsPubAck, jsPubAck_Destroy>;
using StreamInfoPtr = Owned<jsStreamInfo, jsStreamInfo_Destroy>;
using ConsumerInfoPtr = Owned<jsConsumerInfo, jsConsumerInfo_Destroy>;
using MetaDataPtr = Owned<jsMsgMetaData, jsMsgMetaData_Destroy>;
using SubscriptionPtr = Owned<natsSubscription, natsSubscription_Destroy>;

absl::Status NotSent(absl::Status status) {
  SetReason(status, kNotSent);
  return status;
}

absl::Status NoStream(absl::string_view what) {
  return NotSent(absl::FailedPreconditionError(
      absl::StrCat(what, ": no JetStream stream takes this subject, or JetStream is off")));
}

absl::Status ToStatus(natsStatus status, absl::string_view what) {
  const std::string text = absl::StrCat(what, ": ", natsStatus_GetText(status));
  switch (status) {
    case NATS_OK:
      return absl::OkStatus();
    case NATS_TIMEOUT:
      return absl::DeadlineExceededError(text);
    case NATS_NO_RESPONDERS:
      return NoStream(what);
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return NotSent(absl::PermissionDeniedError(text));
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_MAX_PAYLOAD:
      return NotSent(absl::InvalidArgumentError(text));
    default:
      return absl::UnavailableError(text);
  }
}

// With the code that the JetStream API itself answered, if it did.
absl::Status ToStatus(natsStatus status, jsErrCode code, absl::string_view what) {
  if (status == NATS_OK || code == 0) return ToStatus(status, what);
  // This is also what the library says if nobody answered.
  if (code == JSNotEnabledErr) return NoStream(what);
  return absl::UnavailableError(absl::StrCat(what, ": ", natsStatus_GetText(status),
                                             " (JetStream error ", static_cast<int>(code), ")"));
}

// One connection; several calls may use it at once, and the last one closes it.
struct Session {
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    jsCtx_Destroy(stream);
    natsConnection_Destroy(connection);
  }

  natsConnection* connection = nullptr;
  jsCtx* stream = nullptr;
};

using SessionPtr = std::shared_ptr<Session>;

natsStatus Configure(const Connection::Options& options, natsOptions* native) {
  const std::vector<std::string> urls = absl::StrSplit(options.urls, ',');
  std::vector<const char*> servers;
  servers.reserve(urls.size());
  for (const std::string& url : urls) servers.push_back(url.c_str());
  natsStatus status =
      natsOptions_SetServers(native, servers.data(), static_cast<int>(servers.size()));
  if (status == NATS_OK) status = natsOptions_SetName(native, options.name.c_str());
  if (status == NATS_OK) status = natsOptions_SetAllowReconnect(native, false);
  if (status == NATS_OK) {
    status = natsOptions_SetTimeout(native, absl::ToInt64Milliseconds(options.connect_timeout));
  }
  if (status == NATS_OK) {
    status = natsOptions_SetPingInterval(native, absl::ToInt64Milliseconds(kPingInterval));
  }
  if (status == NATS_OK) status = natsOptions_SetMaxPingsOut(native, kPingsOut);
  return status;
}

absl::StatusOr<SessionPtr> Connect(const Connection::Options& options) {
  natsOptions* native = nullptr;
  natsStatus status = natsOptions_Create(&native);
  const OptionsPtr owner(native);
  if (status == NATS_OK) status = Configure(options, native);
  auto session = std::make_shared<Session>();
  if (status == NATS_OK) status = natsConnection_Connect(&session->connection, native);
  jsOptions stream_options;
  if (status == NATS_OK) status = jsOptions_Init(&stream_options);
  stream_options.Wait = absl::ToInt64Milliseconds(options.request_timeout);
  if (status == NATS_OK) {
    status = natsConnection_JetStream(&session->stream, session->connection, &stream_options);
  }
  if (status != NATS_OK) return NotSent(ToStatus(status, "connecting to NATS"));
  return session;
}

// Reads until the consumer has handed out everything that was there when it was made.
absl::Status ReadAll(natsSubscription* subscription, int64_t timeout_ms,
                     absl::FunctionRef<void(uint64_t, absl::string_view)> on_message) {
  jsErrCode code{};
  jsConsumerInfo* info = nullptr;
  natsStatus status = natsSubscription_GetConsumerInfo(&info, subscription, nullptr, &code);
  const ConsumerInfoPtr info_owner(info);
  RETURN_IF_ERROR(ToStatus(status, code, "reading a consumer"));
  uint64_t left = info->NumPending + info->Delivered.Consumer;
  while (left > 0) {
    natsMsg* message = nullptr;
    status = natsSubscription_NextMsg(&message, subscription, timeout_ms);
    const MessagePtr message_owner(message);
    RETURN_IF_ERROR(ToStatus(status, "scanning a stream"));
    jsMsgMetaData* meta = nullptr;
    status = natsMsg_GetMetaData(&meta, message);
    const MetaDataPtr meta_owner(meta);
    RETURN_IF_ERROR(ToStatus(status, "scanning a stream"));
    const char* id = nullptr;
    if (natsMsgHeader_Get(message, "Nats-Msg-Id", &id) != NATS_OK) id = "";
    on_message(meta->Sequence.Stream, id);
    left = meta->NumPending;
  }
  return absl::OkStatus();
}

class ConnectionImpl final : public Connection {
 public:
  ConnectionImpl(Options options, Clock& clock) : options_(std::move(options)), clock_(clock) {}

  absl::StatusOr<PublishAck> Publish(const std::string& subject, const std::string& message_id,
                                     absl::string_view payload) override {
    ASSIGN_OR_RETURN(const SessionPtr session, Connected());
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MsgId = message_id.c_str();
    options.MaxWait = absl::ToInt64Milliseconds(options_.request_timeout);
    jsPubAck* ack = nullptr;
    jsErrCode code{};
    const natsStatus status = js_Publish(&ack, session->stream, subject.c_str(), payload.data(),
                                         static_cast<int>(payload.size()), &options, &code);
    const AckPtr owner(ack);
    RETURN_IF_ERROR(ToStatus(status, code, absl::StrCat("publishing ", subject)));
    return PublishAck{
        .stream = ack->Stream, .sequence = ack->Sequence, .duplicate = ack->Duplicate};
  }

  absl::StatusOr<StreamInfo> FindStream(const std::string& subject) override {
    ASSIGN_OR_RETURN(const SessionPtr session, Connected());
    ASSIGN_OR_RETURN(const std::string name, StreamOf(*session, subject));
    jsStreamInfo* info = nullptr;
    jsErrCode code{};
    const natsStatus status =
        js_GetStreamInfo(&info, session->stream, name.c_str(), nullptr, &code);
    const StreamInfoPtr owner(info);
    RETURN_IF_ERROR(ToStatus(status, code, absl::StrCat("reading stream ", name)));
    return StreamInfo{.name = name,
                      .first_sequence = info->State.FirstSeq,
                      .last_sequence = info->State.LastSeq,
                      .first_time = absl::FromUnixNanos(info->State.FirstTime),
                      .duplicate_window = absl::Nanoseconds(info->Config->Duplicates)};
  }

  absl::Status Scan(const std::string& stream, const std::string& subject, const ScanStart& start,
                    absl::FunctionRef<void(uint64_t, absl::string_view)> on_message) override {
    ASSIGN_OR_RETURN(const SessionPtr session, Connected());
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Stream = stream.c_str();
    options.Ordered = true;
    options.Config.HeadersOnly = true;
    if (start.sequence != 0) {
      options.Config.DeliverPolicy = js_DeliverByStartSequence;
      options.Config.OptStartSeq = start.sequence;
    } else if (start.time > absl::UnixEpoch()) {
      options.Config.DeliverPolicy = js_DeliverByStartTime;
      options.Config.OptStartTime = absl::ToUnixNanos(start.time);
    }
    natsSubscription* subscription = nullptr;
    jsErrCode code{};
    const natsStatus status =
        js_SubscribeSync(&subscription, session->stream, subject.c_str(), nullptr, &options, &code);
    const SubscriptionPtr owner(subscription);
    RETURN_IF_ERROR(ToStatus(status, code, absl::StrCat("scanning stream ", stream)));
    return ReadAll(subscription, absl::ToInt64Milliseconds(options_.request_timeout), on_message);
  }

  absl::Status CheckConnected() override { return Connected().status(); }

 private:
  absl::StatusOr<SessionPtr> Connected() ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (session_ != nullptr &&
          natsConnection_Status(session_->connection) == NATS_CONN_STATUS_CONNECTED) {
        return session_;
      }
      session_.reset();
      if (connecting_ || clock_.Elapsed() < next_attempt_) {
        return NotSent(absl::UnavailableError("not connected to NATS"));
      }
      connecting_ = true;
    }
    absl::StatusOr<SessionPtr> session = Connect(options_);
    absl::MutexLock lock(&mutex_);
    connecting_ = false;
    if (session.ok()) {
      session_ = *session;
    } else {
      next_attempt_ = clock_.Elapsed() + options_.connect_pause;
    }
    return session;
  }

  // The name of the stream that takes `subject`; the library has no call for it.
  absl::StatusOr<std::string> StreamOf(const Session& session, const std::string& subject) {
    const std::string request = json::Dump({{"subject", subject}});
    natsMsg* reply = nullptr;
    const natsStatus status = natsConnection_RequestString(
        &reply, session.connection, "$JS.API.STREAM.NAMES", request.c_str(),
        absl::ToInt64Milliseconds(options_.request_timeout));
    const MessagePtr owner(reply);
    RETURN_IF_ERROR(ToStatus(status, "looking for a stream"));
    ASSIGN_OR_RETURN(
        const nlohmann::json answer,
        json::Parse(absl::string_view(natsMsg_GetData(reply),
                                      static_cast<size_t>(natsMsg_GetDataLength(reply)))));
    const nlohmann::json* names = json::Find(answer, "streams");
    if (names == nullptr || !names->is_array() || names->empty() || !(*names)[0].is_string()) {
      return NotSent(absl::FailedPreconditionError(
          absl::StrCat("no JetStream stream takes the subject ", subject)));
    }
    return (*names)[0].get<std::string>();
  }

  const Options options_;
  Clock& clock_;
  absl::Mutex mutex_;
  SessionPtr session_ ABSL_GUARDED_BY(mutex_);
  bool connecting_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration next_attempt_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Connection> Connection::Create(Options options, Clock& clock) {
  return std::make_unique<ConnectionImpl>(std::move(options), clock);
}

}  // namespace jobexec::nats
