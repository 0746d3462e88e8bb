// Whole reporters but for their servers, on one cluster and one stream, with a clock that the test
// moves.
#include "reporter/engine.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/telemetry/metrics.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/forwarding_kube_client.h"
#include "tests/support/manual_clock.h"
#include "tests/support/poll.h"
#include "tests/unit/reporter/harness.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::FakeKubeClient;
using ::jobexec::testing::ForwardingKubeClient;
using ::jobexec::testing::ManualClock;
using ::jobexec::testing::PollUntil;
using namespace testing;  // NOLINT: builders of this folder

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kWindow = absl::Minutes(2);
constexpr absl::Duration kStep = absl::Milliseconds(500);

bool Becomes(const std::function<bool()>& condition) { return PollUntil(condition, kPatience); }

// The stream that all reporters share. Thread-safe.
class Stream {
 public:
  explicit Stream(Clock& clock) : clock_(clock) {}

  Receipt Store(const cloudevents::Event& event) {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.TimeNow();
    for (size_t i = 0; i < messages_.size(); ++i) {
      if (messages_[i].second.id() == event.id() && now - messages_[i].first < kWindow) {
        return {.sequence = i + 1, .duplicate = true};
      }
    }
    messages_.emplace_back(now, event);
    return {.sequence = messages_.size()};
  }

  Finding Find(const Wanted& wanted) {
    absl::MutexLock lock(&mutex_);
    ++looks_;
    for (size_t i = 0; i < messages_.size(); ++i) {
      if (messages_[i].second.id() != wanted.id) continue;
      return {.kind = Finding::Kind::kStored, .sequence = i + 1};
    }
    return {};
  }

  int Count(const std::string& kind) const {
    absl::MutexLock lock(&mutex_);
    return static_cast<int>(
        std::count_if(messages_.begin(), messages_.end(), [&](const auto& message) {
          return absl::EndsWith(message.second.type(), absl::StrCat(".", kind));
        }));
  }

  int looks() const {
    absl::MutexLock lock(&mutex_);
    return looks_;
  }

 private:
  Clock& clock_;
  mutable absl::Mutex mutex_;
  std::vector<std::pair<absl::Time, cloudevents::Event>> messages_ ABSL_GUARDED_BY(mutex_);
  int looks_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One reporter's connection to the stream. Thread-safe.
class Sender final : public EventPublisher {
 public:
  Sender(Stream& stream, std::function<bool()> may_send)
      : stream_(stream), may_send_(std::move(may_send)) {}

  Transport transport() const override { return Transport::kJetStream; }
  absl::Duration duplicate_window() const override { return kWindow; }
  absl::Status CheckReachable() const override { return absl::OkStatus(); }
  absl::StatusOr<Finding> Find(const Wanted& wanted) override { return stream_.Find(wanted); }

  absl::StatusOr<Receipt> Publish(const cloudevents::Event& event) override {
    absl::MutexLock lock(&mutex_);
    ++attempts_;
    if (!may_send_()) {
      absl::Status status = absl::CancelledError("it may not be sent now");
      SetReason(status, kNotSent);
      return status;
    }
    if (held_) {
      under_way_ = event;
      const int resets = resets_;
      const auto is_over = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !held_ || resets_ != resets;
      };
      mutex_.Await(absl::Condition(&is_over));
      if (resets_ != resets) return absl::UnavailableError("reset");
    }
    return stream_.Store(event);
  }

  void Reset() {
    absl::MutexLock lock(&mutex_);
    ++resets_;
  }
  // Messages stay on their way from here on.
  void Hold() {
    absl::MutexLock lock(&mutex_);
    held_ = true;
  }
  void LetGo() {
    absl::MutexLock lock(&mutex_);
    held_ = false;
  }
  std::optional<cloudevents::Event> under_way() const {
    absl::MutexLock lock(&mutex_);
    return under_way_;
  }
  int attempts() const {
    absl::MutexLock lock(&mutex_);
    return attempts_;
  }
  int resets() const {
    absl::MutexLock lock(&mutex_);
    return resets_;
  }

 private:
  Stream& stream_;
  const std::function<bool()> may_send_;
  mutable absl::Mutex mutex_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  int attempts_ ABSL_GUARDED_BY(mutex_) = 0;
  int resets_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<cloudevents::Event> under_way_ ABSL_GUARDED_BY(mutex_);
};

// The API server over a cable that may be cut; calls are counted.
class Cable final : public ForwardingKubeClient {
 public:
  explicit Cable(kube::Client& kube) : ForwardingKubeClient(kube) {}

  absl::StatusOr<Json> Get(const kube::Collection& collection, absl::string_view name,
                           absl::Duration timeout) override {
    if (cut) return absl::UnavailableError("cut");
    return ForwardingKubeClient::Get(collection, name, timeout);
  }
  absl::StatusOr<Json> Update(const kube::Collection& collection, absl::string_view name,
                              const Json& object, absl::Duration timeout) override {
    if (cut) return absl::UnavailableError("cut");
    return ForwardingKubeClient::Update(collection, name, object, timeout);
  }
  absl::StatusOr<Json> Patch(const kube::Collection& collection, absl::string_view name,
                             const Json& json_patch, absl::Duration timeout) override {
    if (cut) return absl::UnavailableError("cut");
    ++patches;
    return ForwardingKubeClient::Patch(collection, name, json_patch, timeout);
  }

  std::atomic<bool> cut = false;
  std::atomic<int> patches = 0;
};

// One reporter process.
struct Process {
  Process(FakeKubeClient& cluster, Stream& stream, Clock& clock, const kube::LeaseOptions& lease)
      : metrics(registry),
        kube(cluster),
        leadership(lease, kube, clock, registry),
        sender(stream, [this] { return leadership.MayAct(); }),
        queue(clock),
        feed(store),
        reconciler({.answers = {.installation = "jobexec", .source = "jes"},
                    .holder = lease.holder,
                    .may_act = [this] { return leadership.MayAct(); }},
                   {kube, sender, store, queue, metrics, archive, clock}),
        engine({.namespaces = {"jobs"}, .installation = "jobexec", .workers = 2},
               {kube, store, queue, feed, reconciler, leadership, metrics, clock,
                [this] { sender.Reset(); }, [this] { ++synced; }}) {
    engine.Start();
  }

  bool IsActing() const {
    return absl::StrContains(SerializeMetrics(registry), "jobexec_reporter_acting 1");
  }
  bool Knows(const char* hash) const { return store.Get(hash).has_value(); }

  prometheus::Registry registry;
  Metrics metrics;
  Cable kube;
  Leadership leadership;
  Sender sender;
  Store store;
  WorkQueue queue;
  RunFeed feed;
  LogArchive archive;
  Reconciler reconciler;
  std::atomic<int> synced = 0;
  Engine engine;
};

class EngineTest : public ::testing::Test {
 protected:
  std::unique_ptr<Process> Start(const std::string& holder, const std::string& lease = "lease") {
    return std::make_unique<Process>(
        cluster_, stream_, clock_,
        kube::LeaseOptions{.name_space = "jobs", .name = lease, .holder = holder});
  }

  // Lets time pass so slowly that `leader`, if there is one, renews its Lease meanwhile.
  void Pass(absl::Duration time, const std::string& leader) {
    for (absl::Duration passed; passed < time; passed += kStep) {
      clock_.Advance(kStep);
      if (leader.empty()) continue;
      ASSERT_TRUE(Becomes([&] { return HasRenewed(leader); }));
    }
  }

  bool HasRenewed(const std::string& leader) const {
    const Json lease = cluster_.Find(kube::Leases("jobs"), "lease");
    absl::Time renewed;
    const std::string text = lease["spec"].value("renewTime", "");
    return lease["spec"].value("holderIdentity", "") == leader &&
           absl::ParseTime(absl::RFC3339_full, text, &renewed, nullptr) &&
           renewed == clock_.TimeNow();
  }

  void Put(const JobView& view) { cluster_.Put(kube::Jobs("jobs"), JobJson(view)); }
  std::string Ledger() const {
    return cluster_.Find(kube::Jobs("jobs"), anchor_.record.name)["metadata"]["annotations"].value(
        runs::kLedgerAnnotation, "");
  }
  // Its Job is complete.
  void EndTask() {
    Json job = cluster_.Find(kube::Jobs("jobs"), anchor_.record.name);
    job["status"]["conditions"] = {{{"type", "Complete"}, {"status", "True"}}};
    cluster_.Put(kube::Jobs("jobs"), job);
  }
  bool IsAnswered(const char* kind) const { return stream_.Count(kind) == 1; }

  const JobView anchor_ = Anchor({Entry(0, 1)});
  mutable ManualClock clock_;
  FakeKubeClient cluster_{clock_};
  Stream stream_{clock_};
};

TEST_F(EngineTest, WithoutElectionItActsWhenEverythingIsListed) {
  Put(anchor_);
  const auto a = Start("a", "");
  EXPECT_TRUE(Becomes([&] { return Ledger() == "s:1"; }));
  EXPECT_TRUE(a->IsActing());
  EXPECT_EQ(a->synced, 1);
  EXPECT_EQ(stream_.looks(), 1) << "who was there before may have answered";
  EXPECT_EQ(cluster_.Count("list"), 2) << "Jobs and pods, once";
  EndTask();
  EXPECT_TRUE(Becomes([&] { return IsAnswered("finished"); }));
}

TEST_F(EngineTest, OfTwoOneActsAndTheOtherKnowsWhatThereIs) {
  const auto a = Start("a");
  ASSERT_TRUE(Becomes([&] { return a->IsActing(); }));
  const auto b = Start("b");
  ASSERT_TRUE(Becomes([&] { return b->synced == 1; }));

  Put(anchor_);
  EXPECT_TRUE(Becomes([&] { return Ledger() == "s:1"; }));
  EXPECT_EQ(stream_.looks(), 0) << "born under a's eyes";
  EndTask();
  EXPECT_TRUE(Becomes([&] { return IsAnswered("finished") && Ledger() == "f:2"; }));
  EXPECT_TRUE(Becomes([&] { return b->Knows(kHash); }));
  EXPECT_FALSE(b->IsActing());
  EXPECT_EQ(b->sender.attempts(), 0);
  EXPECT_EQ(b->kube.patches, 0);

  cluster_.Remove(kube::Jobs("jobs"), anchor_.record.name);
  EXPECT_TRUE(Becomes([&] { return !b->Knows(kHash) && !a->Knows(kHash); }))
      << "a standby keeps nothing of what is gone";
}

TEST_F(EngineTest, TheStandbyTakesOverAndLooksBeforeItAnswers) {
  auto a = Start("a");
  ASSERT_TRUE(Becomes([&] { return a->IsActing(); }));
  const auto b = Start("b");
  ASSERT_TRUE(Becomes([&] { return b->synced == 1; }));
  Put(anchor_);
  ASSERT_TRUE(Becomes([&] { return Ledger() == "s:1"; }));
  a->kube.cut = true;
  EndTask();
  ASSERT_TRUE(Becomes([&] { return IsAnswered("finished"); })) << "sent, and not marked";

  Pass(absl::Seconds(10), "");
  EXPECT_TRUE(Becomes([&] { return b->IsActing() && !a->IsActing(); }));
  EXPECT_TRUE(Becomes([&] { return Ledger() == "f:2"; })) << "it was found, not sent again";
  EXPECT_TRUE(IsAnswered("started"));
  EXPECT_TRUE(IsAnswered("finished"));
  EXPECT_GE(stream_.looks(), 1);
  EXPECT_GE(a->sender.resets(), 1);
  EXPECT_EQ(b->sender.attempts(), 0);

  // The first one comes back and stands by.
  a->kube.cut = false;
  Pass(absl::Seconds(10), "b");
  EXPECT_FALSE(a->IsActing());
  EXPECT_TRUE(b->IsActing());
}

TEST_F(EngineTest, AnAnswerThatIsOnItsWayWhenTheLeadershipEndsIsCutAndNotRepeated) {
  const auto a = Start("a");
  ASSERT_TRUE(Becomes([&] { return a->IsActing(); }));
  const auto b = Start("b");
  ASSERT_TRUE(Becomes([&] { return b->synced == 1; }));
  a->sender.Hold();
  Put(anchor_);
  ASSERT_TRUE(Becomes([&] { return a->sender.under_way().has_value(); }));
  a->kube.cut = true;

  Pass(absl::Seconds(10), "");
  ASSERT_TRUE(Becomes([&] { return b->IsActing() && !a->IsActing(); }));
  EXPECT_TRUE(Becomes([&] { return Ledger() == "s:1"; }));
  EXPECT_EQ(a->sender.attempts(), 1) << "nothing was sent after the loss";
  EXPECT_EQ(a->kube.patches, 0);
  // The network may deliver it nevertheless.
  EXPECT_TRUE(stream_.Store(*a->sender.under_way()).duplicate);
  EXPECT_EQ(stream_.Count("started"), 1);
}

TEST_F(EngineTest, WhatWasItsOwnIsInheritedAfterALapse) {
  const auto a = Start("a");
  ASSERT_TRUE(Becomes([&] { return a->IsActing(); }));
  Put(anchor_);
  ASSERT_TRUE(Becomes([&] { return Ledger() == "s:1"; }));
  ASSERT_EQ(stream_.looks(), 0);

  // The machine sleeps; nobody else takes the Lease.
  clock_.Advance(absl::Seconds(6));
  ASSERT_TRUE(Becomes([&] { return a->leadership.acting_term() >= 2; }));
  EndTask();
  EXPECT_TRUE(Becomes([&] { return Ledger() == "f:2"; }));
  EXPECT_EQ(stream_.looks(), 1) << "for .finished: another one may have led meanwhile";
  EXPECT_GE(a->sender.resets(), 1);
  EXPECT_TRUE(Becomes([&] {
    return absl::StrContains(SerializeMetrics(a->registry), "jobexec_reporter_open_events 0");
  }));
}

TEST_F(EngineTest, StoppingHandsOverAtOnce) {
  auto a = Start("a");
  ASSERT_TRUE(Becomes([&] { return a->IsActing(); }));
  const auto b = Start("b");
  ASSERT_TRUE(Becomes([&] { return b->synced == 1; }));
  Put(anchor_);
  ASSERT_TRUE(Becomes([&] { return Ledger() == "s:1"; }));

  a->engine.Stop();
  a->engine.Stop();
  EXPECT_TRUE(Becomes([&] { return b->IsActing(); })) << "without any time passing";
  EndTask();
  EXPECT_TRUE(Becomes([&] { return Ledger() == "f:2"; }));
  EXPECT_TRUE(IsAnswered("started"));
  EXPECT_EQ(b->sender.attempts(), 1);
}

// Its last state might be answered, but who led before may have done so already.
TEST_F(EngineTest, WhatIsGoneWhenItTakesOverHasNoHeir) {
  auto a = Start("a");
  ASSERT_TRUE(Becomes([&] { return a->IsActing(); }));
  const auto b = Start("b");
  ASSERT_TRUE(Becomes([&] { return b->synced == 1; }));
  a->sender.Hold();
  Put(anchor_);
  ASSERT_TRUE(Becomes([&] { return b->Knows(kHash) && a->sender.under_way().has_value(); }));
  a->kube.cut = true;
  cluster_.Remove(kube::Jobs("jobs"), anchor_.record.name);

  Pass(absl::Seconds(10), "");
  EXPECT_TRUE(Becomes([&] { return b->IsActing() && !a->IsActing(); }));
  EXPECT_TRUE(Becomes([&] { return !b->Knows(kHash); }));
  EXPECT_EQ(b->sender.attempts(), 0);
}

}  // namespace
}  // namespace jobexec::reporter
