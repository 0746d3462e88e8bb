#include <nats/nats.h>

#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/nats/consumer.h"
#include "common/nats/session.h"
#include "common/telemetry/log.h"

namespace jobexec::nats {
namespace {

// What the library keeps until it is fetched; what comes beyond is lost.
constexpr int kMaxQueued = 65'536;
constexpr int kMaxQueuedBytes = 64 * 1024 * 1024;
// What is held here: handed out and not settled, or refused and due again. Nothing more is taken
// beyond.
constexpr size_t kMaxHeld = 10'000;
constexpr size_t kMaxHeldBytes = size_t{64} * 1024 * 1024;

class CoreConsumerImpl final : public CoreConsumer {
 public:
  CoreConsumerImpl(Options options, Clock& clock) : options_(std::move(options)), clock_(clock) {}

  ~CoreConsumerImpl() override {
    if (held_.empty()) return;
    log::Warning("given up: without JetStream nobody hands these messages out again",
                 {{"messages", absl::StrCat(held_.size())}});
  }

  absl::StatusOr<std::vector<Message>> Fetch(int most, absl::Duration wait) override {
    const size_t limit = static_cast<size_t>(most);
    std::vector<Message> messages;
    TakeDue(limit, messages);
    if (!messages.empty() || left_) return messages;
    RETURN_IF_ERROR(EnsureSubscribed());
    NoteDropped();
    const absl::Status status = Take(limit, wait, messages);
    if (!status.ok()) Disconnect();
    if (!status.ok() && messages.empty()) return status;
    return messages;
  }

  absl::Status Ack(const Message& message) override {
    const auto found = Find(message);
    if (found == held_.end()) return absl::OkStatus();
    held_bytes_ -= found->second.message.payload.size();
    held_.erase(found);
    return absl::OkStatus();
  }

  absl::Status Nak(const Message& message, absl::Duration delay) override {
    const auto found = Find(message);
    if (found != held_.end()) found->second.due = clock_.Elapsed() + delay;
    return absl::OkStatus();
  }

  absl::Status InProgress(const Message& /*message*/) override { return absl::OkStatus(); }
  absl::Status Flush() override { return absl::OkStatus(); }
  Backlog backlog() const override { return {.unacknowledged = held_.size()}; }

  void Leave() override {
    left_ = true;
    Disconnect();
  }

 private:
  struct Held {
    Message message;
    // Clock::Elapsed when it is handed out again; never, while somebody has it.
    absl::Duration due = absl::InfiniteDuration();
  };

  std::map<uint64_t, Held>::iterator Find(const Message& message) {
    uint64_t number = 0;
    return absl::SimpleAtoi(message.handle, &number) ? held_.find(number) : held_.end();
  }

  // Refused ones whose time has come.
  void TakeDue(size_t most, std::vector<Message>& messages) {
    const absl::Duration now = clock_.Elapsed();
    for (auto& [number, held] : held_) {
      if (messages.size() >= most) return;
      if (held.due > now) continue;
      held.due = absl::InfiniteDuration();
      ++held.message.deliveries;
      messages.push_back(held.message);
    }
  }

  absl::Status EnsureSubscribed() {
    if (session_ != nullptr && session_->Connected()) return absl::OkStatus();
    Disconnect();
    ASSIGN_OR_RETURN(session_, Connect(options_.urls, options_.name, options_.connect_timeout,
                                       options_.request_timeout));
    natsSubscription* subscription = nullptr;
    natsStatus status = natsConnection_QueueSubscribeSync(
        &subscription, session_->connection, options_.subject.c_str(), options_.group.c_str());
    subscription_.reset(subscription);
    if (status == NATS_OK) {
      status = natsSubscription_SetPendingLimits(subscription, kMaxQueued, kMaxQueuedBytes);
    }
    if (status == NATS_OK) {
      status = natsConnection_FlushTimeout(session_->connection,
                                           absl::ToInt64Milliseconds(options_.request_timeout));
    }
    if (status != NATS_OK) Disconnect();
    return ToStatus(status, absl::StrCat("subscribing to ", options_.subject));
  }

  void Disconnect() {
    subscription_.reset();
    session_.reset();
    dropped_ = 0;
  }

  // What came faster than it was fetched.
  void NoteDropped() {
    int64_t dropped = 0;
    if (natsSubscription_GetDropped(subscription_.get(), &dropped) != NATS_OK) return;
    if (dropped == dropped_) return;
    log::Warning("messages lost: they came faster than they were handled, without JetStream",
                 {{"messages", absl::StrCat(dropped - dropped_)}});
    dropped_ = dropped;
  }

  // `wait` for the first one, the others only if they are here already.
  absl::Status Take(size_t most, absl::Duration wait, std::vector<Message>& messages) {
    while (messages.size() < most && held_.size() < kMaxHeld && held_bytes_ < kMaxHeldBytes) {
      natsMsg* raw = nullptr;
      const natsStatus status = natsSubscription_NextMsg(
          &raw, subscription_.get(), messages.empty() ? absl::ToInt64Milliseconds(wait) : 0);
      const MessagePtr owner(raw);
      // The library says so once when it had to drop; NoteDropped says how many.
      if (status == NATS_SLOW_CONSUMER) continue;
      if (status == NATS_TIMEOUT) return absl::OkStatus();
      RETURN_IF_ERROR(ToStatus(status, "receiving messages"));
      messages.push_back(Hold(raw));
    }
    return absl::OkStatus();
  }

  Message Hold(natsMsg* raw) {
    Held& held = held_[++number_];
    held.message = {.subject = natsMsg_GetSubject(raw),
                    .payload = std::string(natsMsg_GetData(raw),
                                           static_cast<size_t>(natsMsg_GetDataLength(raw))),
                    .time = clock_.TimeNow(),
                    .handle = absl::StrCat(number_)};
    held_bytes_ += held.message.payload.size();
    return held.message;
  }

  const Options options_;
  Clock& clock_;
  SessionPtr session_;
  SubscriptionPtr subscription_;  // goes before its connection
  bool left_ = false;
  int64_t dropped_ = 0;  // by the library, on this subscription
  uint64_t number_ = 0;
  std::map<uint64_t, Held> held_;
  size_t held_bytes_ = 0;
};

}  // namespace

std::unique_ptr<CoreConsumer> CoreConsumer::Create(Options options, Clock& clock) {
  return std::make_unique<CoreConsumerImpl>(std::move(options), clock);
}

}  // namespace jobexec::nats
