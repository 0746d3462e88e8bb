#include "tests/support/keptn/nats_broker.h"

#include <nats/nats.h>

#include <deque>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"

namespace jobexec::test_keptn {
namespace {

constexpr char kStream[] = "keptn";
constexpr char kSubjects[] = "sh.keptn.>";
constexpr char kConsumer[] = "shipyard-controller:all-events";
constexpr char kDatastoreSubjects[] = "sh.keptn.event.>";
constexpr char kDatastoreGroup[] = "mongodb-datastore";
constexpr int kFetchSize = 10;
constexpr int64_t kWaitMs = 200;
constexpr absl::Duration kPause = absl::Milliseconds(50);
constexpr int64_t kReconnectMs = 100;
constexpr int64_t kAckWaitNanos = int64_t{30} * 1'000'000'000;

absl::Status ToStatus(natsStatus status, absl::string_view what) {
  if (status == NATS_OK) return absl::OkStatus();
  return absl::UnavailableError(std::string(what) + ": " + natsStatus_GetText(status));
}

struct Message {
  nlohmann::json event;  // null if it is no JSON
  uint64_t sequence = 0;
};

Message Read(natsMsg* message) {
  Message read;
  const absl::string_view text(natsMsg_GetData(message),
                               static_cast<size_t>(natsMsg_GetDataLength(message)));
  auto event = json::Parse(text);
  if (event.ok()) read.event = *std::move(event);
  jsMsgMetaData* meta = nullptr;
  if (natsMsg_GetMetaData(&meta, message) == NATS_OK) read.sequence = meta->Sequence.Stream;
  jsMsgMetaData_Destroy(meta);
  return read;
}

class NatsBroker final : public Broker {
 public:
  NatsBroker(NatsOptions options, Receivers receivers, Clock& clock, EventLog& log)
      : options_(std::move(options)), receivers_(std::move(receivers)), clock_(clock), log_(log) {}
  ~NatsBroker() override;
  NatsBroker(const NatsBroker&) = delete;
  NatsBroker& operator=(const NatsBroker&) = delete;

  absl::Status Start() override;
  void Stop() override;
  absl::Status Publish(const nlohmann::json& event) override;
  void PauseController(bool paused) override;

 private:
  absl::Status Connect();
  absl::Status MakeStream();
  absl::Status Subscribe();

  void FetchLoop();
  bool MayFetch();
  void StoreLoop();
  void Take(natsMsg* message);
  void PublishLoop();
  bool HasWorkLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closing_ || !outbox_.empty();
  }
  std::optional<nlohmann::json> NextToPublish();

  const NatsOptions options_;
  const Receivers receivers_;
  Clock& clock_;
  EventLog& log_;
  absl::Notification stop_;
  natsConnection* connection_ = nullptr;
  jsCtx* stream_ = nullptr;
  natsSubscription* controller_ = nullptr;
  natsSubscription* datastore_ = nullptr;
  bool was_connected_ = true;  // this and the next: of the fetching thread
  std::set<uint64_t> taken_;
  absl::Mutex mutex_;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<nlohmann::json> outbox_ ABSL_GUARDED_BY(mutex_);  // with options_.confirm
  std::thread fetcher_;
  std::thread storer_;
  std::thread publisher_;
};

void NatsBroker::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    if (closing_) return;
    closing_ = true;
  }
  stop_.Notify();
  for (std::thread* each : {&fetcher_, &storer_, &publisher_}) {
    if (each->joinable()) each->join();
  }
}

NatsBroker::~NatsBroker() {
  Stop();
  natsSubscription_Destroy(controller_);
  natsSubscription_Destroy(datastore_);
  jsCtx_Destroy(stream_);
  natsConnection_Destroy(connection_);
}

absl::Status NatsBroker::Start() {
  RETURN_IF_ERROR(Connect());
  RETURN_IF_ERROR(MakeStream());
  RETURN_IF_ERROR(Subscribe());
  fetcher_ = std::thread([this] { FetchLoop(); });
  storer_ = std::thread([this] { StoreLoop(); });
  if (options_.confirm) publisher_ = std::thread([this] { PublishLoop(); });
  return absl::OkStatus();
}

absl::Status NatsBroker::Connect() {
  natsOptions* native = nullptr;
  natsStatus status = natsOptions_Create(&native);
  if (status == NATS_OK) status = natsOptions_SetURL(native, options_.url.c_str());
  if (status == NATS_OK) status = natsOptions_SetName(native, "keptn");
  if (status == NATS_OK) status = natsOptions_SetMaxReconnect(native, -1);
  if (status == NATS_OK) status = natsOptions_SetReconnectWait(native, kReconnectMs);
  if (status == NATS_OK) status = natsConnection_Connect(&connection_, native);
  natsOptions_Destroy(native);
  return ToStatus(status, "connecting to NATS");
}

absl::Status NatsBroker::MakeStream() {
  natsStatus status = natsConnection_JetStream(&stream_, connection_, nullptr);
  if (status != NATS_OK) return ToStatus(status, "opening JetStream");
  const char* subjects[] = {kSubjects};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = kStream;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  status = js_AddStream(nullptr, stream_, &config, nullptr, nullptr);
  // It is there with other settings.
  if (status != NATS_OK) status = js_UpdateStream(nullptr, stream_, &config, nullptr, nullptr);
  return ToStatus(status, "making the stream keptn");
}

absl::Status NatsBroker::Subscribe() {
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = kStream;
  options.Config.AckPolicy = js_AckExplicit;
  options.Config.AckWait = kAckWaitNanos;
  natsStatus status =
      js_PullSubscribe(&controller_, stream_, kSubjects, kConsumer, nullptr, &options, nullptr);
  if (status != NATS_OK) return ToStatus(status, "subscribing the controller");
  status = natsConnection_QueueSubscribeSync(&datastore_, connection_, kDatastoreSubjects,
                                             kDatastoreGroup);
  return ToStatus(status, "subscribing the datastore");
}

void NatsBroker::StoreLoop() {
  while (!stop_.HasBeenNotified()) {
    natsMsg* message = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&message, datastore_, kWaitMs);
    if (status == NATS_OK) {
      const Message read = Read(message);
      if (read.event.is_object()) receivers_.datastore(read.event);
    } else if (status != NATS_TIMEOUT) {
      clock_.WaitOrStop(stop_, kPause);
    }
    natsMsg_Destroy(message);
  }
}

absl::Status NatsBroker::Publish(const nlohmann::json& event) {
  if (options_.confirm) {
    absl::MutexLock lock(&mutex_);
    outbox_.push_back(event);
    return absl::OkStatus();
  }
  const std::string subject = json::GetString(event, "type");
  return ToStatus(
      natsConnection_PublishString(connection_, subject.c_str(), json::Dump(event).c_str()),
      "publishing " + subject);
}

void NatsBroker::PauseController(bool paused) {
  absl::MutexLock lock(&mutex_);
  paused_ = paused;
}

// Says so in the log when the connection comes and goes.
bool NatsBroker::MayFetch() {
  const bool connected = natsConnection_Status(connection_) == NATS_CONN_STATUS_CONNECTED;
  if (connected != was_connected_) log_.Add("broker", {{"connected", connected}});
  was_connected_ = connected;
  absl::MutexLock lock(&mutex_);
  return connected && !paused_;
}

void NatsBroker::FetchLoop() {
  while (!stop_.HasBeenNotified()) {
    if (!MayFetch()) {
      clock_.WaitOrStop(stop_, kPause);
      continue;
    }
    natsMsgList list{};
    const natsStatus status =
        natsSubscription_Fetch(&list, controller_, kFetchSize, kWaitMs, nullptr);
    for (int i = 0; i < list.Count; ++i) Take(list.Msgs[i]);
    natsMsgList_Destroy(&list);
    if (status != NATS_OK && status != NATS_TIMEOUT) clock_.WaitOrStop(stop_, kPause);
  }
}

// Acknowledged first, as the original does right after it has started a goroutine for the message.
void NatsBroker::Take(natsMsg* message) {
  const Message read = Read(message);
  natsMsg_Ack(message, nullptr);
  const bool again = !taken_.insert(read.sequence).second;
  if (again) {
    log_.Add("broker", {{"redelivered", read.sequence}, {"skipped", options_.forget_redeliveries}});
    if (options_.forget_redeliveries) return;
  }
  receivers_.controller(read.event, read.sequence);
}

std::optional<nlohmann::json> NatsBroker::NextToPublish() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &NatsBroker::HasWorkLocked));
  if (closing_) return std::nullopt;
  nlohmann::json event = std::move(outbox_.front());
  outbox_.pop_front();
  return event;
}

void NatsBroker::PublishLoop() {
  while (const std::optional<nlohmann::json> event = NextToPublish()) {
    const std::string subject = json::GetString(*event, "type");
    const std::string id = json::GetString(*event, "id");
    const std::string text = json::Dump(*event);
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MsgId = id.c_str();
    options.MaxWait = 1000;
    while (!stop_.HasBeenNotified() &&
           js_Publish(nullptr, stream_, subject.c_str(), text.data(), static_cast<int>(text.size()),
                      &options, nullptr) != NATS_OK) {
      clock_.WaitOrStop(stop_, kPause);
    }
  }
}

}  // namespace

std::unique_ptr<Broker> MakeNatsBroker(const NatsOptions& options, Broker::Receivers receivers,
                                       Clock& clock, EventLog& log) {
  return std::make_unique<NatsBroker>(options, std::move(receivers), clock, log);
}

}  // namespace jobexec::test_keptn
