#include "common/nats/connection.h"

#include <nats/nats.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/nats/session.h"

namespace jobexec::nats {
namespace {

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
    RETURN_IF_ERROR(CheckMaySend());
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

  absl::Status PublishPlain(const std::string& subject, absl::string_view payload) override {
    ASSIGN_OR_RETURN(const SessionPtr session, Connected());
    RETURN_IF_ERROR(CheckMaySend());
    natsStatus status = natsConnection_Publish(session->connection, subject.c_str(), payload.data(),
                                               static_cast<int>(payload.size()));
    RETURN_IF_ERROR(ToStatus(status, absl::StrCat("publishing ", subject)));
    status = natsConnection_FlushTimeout(session->connection,
                                         absl::ToInt64Milliseconds(options_.request_timeout));
    return ToStatus(status, absl::StrCat("publishing ", subject));
  }

  absl::StatusOr<bool> HasJetStream() override {
    ASSIGN_OR_RETURN(const SessionPtr session, Connected());
    natsMsg* reply = nullptr;
    const natsStatus status =
        natsConnection_RequestString(&reply, session->connection, "$JS.API.INFO", "",
                                     absl::ToInt64Milliseconds(options_.request_timeout));
    const MessagePtr owner(reply);
    if (status == NATS_NO_RESPONDERS) return false;
    RETURN_IF_ERROR(ToStatus(status, "asking for JetStream"));
    ASSIGN_OR_RETURN(const nlohmann::json answer, ParseReply(reply));
    const nlohmann::json* error = json::Find(answer, "error");
    return error == nullptr || json::GetInt(*error, "err_code", 0) != JSNotEnabledForAccountErr;
  }

  absl::StatusOr<StreamInfo> FindStream(const std::string& subject) override {
    ASSIGN_OR_RETURN(const SessionPtr session, Connected());
    ASSIGN_OR_RETURN(const std::string name, StreamOf(*session, subject, options_.request_timeout));
    return ReadStreamInfo(*session, name);
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
      options.Config.OptStartTime = ToStartTime(start.time);
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

  void Abort() override {
    SessionPtr session;
    {
      absl::MutexLock lock(&mutex_);
      session = std::exchange(session_, nullptr);
    }
    if (session != nullptr) session->Abort();
  }

 private:
  absl::Status CheckMaySend() const {
    if (options_.may_send == nullptr || options_.may_send()) return absl::OkStatus();
    return NotSent(absl::CancelledError("it may not be sent now"));
  }

  absl::StatusOr<SessionPtr> Connected() ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (session_ != nullptr && session_->Connected()) return session_;
      session_.reset();
      if (connecting_ || clock_.Elapsed() < next_attempt_) {
        return NotSent(absl::UnavailableError("not connected to NATS"));
      }
      connecting_ = true;
    }
    absl::StatusOr<SessionPtr> session =
        Connect(options_.urls, options_.name, options_.connect_timeout, options_.request_timeout);
    absl::MutexLock lock(&mutex_);
    connecting_ = false;
    if (session.ok()) {
      session_ = *session;
    } else {
      next_attempt_ = clock_.Elapsed() + options_.connect_pause;
    }
    return session;
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
