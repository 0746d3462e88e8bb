// Against a real nats-server.
#include "reporter/nats_publisher.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "tests/support/fake_clock.h"
#include "tests/support/nats_server.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/reporter/scripted_api.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::NatsServer;
using ::jobexec::testing::PollUntil;
using testing::ScriptedApi;

cloudevents::Event MakeEvent(const std::string& id, const std::string& type) {
  cloudevents::Event event;
  event.set_spec_version("1.0");
  event.set_id(id);
  event.set_source("jes");
  event.set_type(type);
  event.set_text_data("{}");
  return event;
}

class NatsPublisherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = NatsServer::Start();
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    ASSERT_THAT(server_->AddStream("keptn", "sh.keptn.>", absl::Minutes(2)), IsOk());
    Connect();
  }

  // A new process.
  void Connect() {
    publisher_.reset();
    connection_ = nats::Connection::Create({.urls = server_->url(), .name = "test"}, clock_);
    publisher_ = std::make_unique<NatsPublisher>(*connection_, keptn_, clock_);
  }

  uint64_t Publish(const std::string& id, const std::string& type) {
    const absl::StatusOr<Receipt> receipt = publisher_->Publish(MakeEvent(id, type));
    EXPECT_THAT(receipt, IsOk());
    return receipt.ok() ? receipt->sequence : 0;
  }

  absl::StatusOr<Finding> Look(const std::string& id, const LookBound& bound,
                               const std::string& type = kType) {
    return publisher_->Find(
        {.facts = facts_, .type = type, .id = id, .source = "jes", .bound = bound});
  }

  // Sequence of what is found, 0 for nothing.
  uint64_t Find(const std::string& id, const LookBound& bound, const std::string& type = kType) {
    const absl::StatusOr<Finding> found = Look(id, bound, type);
    EXPECT_THAT(found, IsOk());
    return found.ok() && found->kind == Finding::Kind::kStored ? found->sequence : 0;
  }

  static constexpr char kType[] = "sh.keptn.event.deploy.started";
  FakeClock clock_;
  const runs::EventFacts facts_ = {
      .id = "event-1", .project = "shop", .keptn_context = "context-1"};
  keptn::Api* keptn_ = nullptr;
  std::unique_ptr<NatsServer> server_;
  std::unique_ptr<nats::Connection> connection_;
  std::unique_ptr<NatsPublisher> publisher_;
};

TEST_F(NatsPublisherTest, RepeatsAreNotStoredAgain) {
  EXPECT_EQ(publisher_->duplicate_window(), absl::ZeroDuration());
  EXPECT_EQ(Publish("a", kType), 1u);
  EXPECT_EQ(publisher_->duplicate_window(), absl::Minutes(2));
  const absl::StatusOr<Receipt> again = publisher_->Publish(MakeEvent("a", kType));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->sequence, 1u);
  EXPECT_TRUE(again->duplicate);
}

TEST_F(NatsPublisherTest, FindsWhatAPredecessorSent) {
  Publish("a", kType);
  Publish("b", kType);
  Publish("c", "sh.keptn.event.deploy.finished");
  Connect();

  EXPECT_EQ(Find("a", {.sequence = 1}), 1u);
  EXPECT_EQ(Find("b", {.sequence = 1}), 2u);
  EXPECT_EQ(Find("b", {.time = absl::FromUnixSeconds(1)}), 2u);
  EXPECT_EQ(Find("c", {.sequence = 1}), 0u) << "another type";
  EXPECT_EQ(Find("c", {.sequence = 1}, "sh.keptn.event.deploy.finished"), 3u);
  EXPECT_EQ(Find("d", {.sequence = 1}), 0u);
}

TEST_F(NatsPublisherTest, AnEarlierBoundReadsFromThere) {
  Publish("a", kType);
  Publish("b", kType);
  EXPECT_EQ(Find("a", {.sequence = 2}), 0u);
  EXPECT_EQ(Find("a", {.sequence = 1}), 1u);
}

TEST_F(NatsPublisherTest, FollowsTheStream) {
  Publish("a", kType);
  EXPECT_EQ(Find("b", {.sequence = 1}), 0u);
  Publish("b", kType);
  Publish("c", kType);
  clock_.Advance(absl::Seconds(11));
  EXPECT_EQ(Find("b", {.sequence = 1}), 2u);
  EXPECT_EQ(Find("c", {.sequence = 1}), 3u);
}

TEST_F(NatsPublisherTest, APurgedStreamHasNothing) {
  Publish("a", kType);
  ASSERT_THAT(server_->Purge("keptn"), IsOk());
  EXPECT_EQ(Find("a", {.sequence = 1}), 0u);
}

// What the stream has lost, Keptn may still know.
TEST_F(NatsPublisherTest, KeptnIsAskedWhatAPurgedStreamHad) {
  ScriptedApi api([](const keptn::Call&) { return R"({"sequenceExecutions":[]})"; });
  keptn_ = &api;
  Connect();
  Publish("a", kType);
  Publish("b", kType);
  EXPECT_EQ(Find("b", {.sequence = 1}), 2u);
  EXPECT_EQ(Find("c", {.sequence = 1}), 0u);
  EXPECT_EQ(api.calls().size(), 0u) << "the stream is complete";

  ASSERT_THAT(server_->Purge("keptn"), IsOk());
  Connect();
  const absl::StatusOr<Finding> found = Look("a", {.sequence = 1});
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->kind, Finding::Kind::kMoot);
}

TEST_F(NatsPublisherTest, SaysWhetherItCanSend) {
  EXPECT_FALSE(publisher_->CheckReachable().ok());
  publisher_->Probe();
  EXPECT_THAT(publisher_->CheckReachable(), IsOk());
  ASSERT_THAT(server_->Kill(), IsOk());
  // The client library takes a moment to notice.
  const auto notices = [this] {
    publisher_->Probe();
    return !publisher_->CheckReachable().ok();
  };
  EXPECT_TRUE(PollUntil(notices, absl::Seconds(30)));
  ASSERT_THAT(server_->Restart(), IsOk());
  clock_.Advance(absl::Seconds(2));
  Publish("a", kType);
  EXPECT_THAT(publisher_->CheckReachable(), IsOk());
}

TEST_F(NatsPublisherTest, AnswersOutliveTheServersDeath) {
  Publish("a", kType);
  ASSERT_THAT(server_->Kill(), IsOk());
  EXPECT_FALSE(publisher_->Publish(MakeEvent("b", kType)).ok());
  EXPECT_FALSE(Look("a", {.sequence = 1}).ok()) << "not known, not absent";
  ASSERT_THAT(server_->Restart(), IsOk());
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Find("a", {.sequence = 1}), 1u);
  EXPECT_EQ(Publish("a", kType), 1u);
}

TEST_F(NatsPublisherTest, ManyLooksReadTheStreamOnce) {
  for (int i = 0; i < 300; ++i) Publish(absl::StrCat("id-", i), kType);
  Connect();
  // Bounds in descending order: each is earlier than what was read so far, until the first.
  EXPECT_EQ(Find("id-299", {.sequence = 1}), 300u);
  ASSERT_THAT(server_->Kill(), IsOk());
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(Find(absl::StrCat("id-", i), {.sequence = static_cast<uint64_t>(i + 1)}),
              static_cast<uint64_t>(i + 1));
  }
}

// A NATS server without JetStream.
class PlainNatsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = NatsServer::Start(/*jetstream=*/false);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    connection_ = nats::Connection::Create({.urls = server_->url(), .name = "test"}, clock_);
  }

  FakeClock clock_;
  std::unique_ptr<NatsServer> server_;
  std::unique_ptr<nats::Connection> connection_;
};

TEST_F(PlainNatsTest, IsNoticedAtTheStartAndUsedAsIfItWereAPost) {
  ScriptedApi api([](const keptn::Call&) { return R"({"sequenceExecutions":[]})"; });
  NatsPublisher publisher(*connection_, &api, clock_);
  publisher.Probe();
  EXPECT_EQ(publisher.transport(), Transport::kKeptn);
  EXPECT_THAT(publisher.CheckReachable(), IsOk());

  const absl::StatusOr<Receipt> receipt = publisher.Publish(MakeEvent("a", "t.started"));
  ASSERT_THAT(receipt, IsOk());
  EXPECT_EQ(receipt->sequence, 0u);
  const runs::EventFacts facts = {.project = "shop", .keptn_context = "context-1"};
  const absl::StatusOr<Finding> found = publisher.Find({.facts = facts, .type = "t.started"});
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->kind, Finding::Kind::kMoot);
}

TEST_F(PlainNatsTest, IsNoticedAtTheFirstAnswerTooAndWithoutKeptnNobodyCanBeAsked) {
  NatsPublisher publisher(*connection_, nullptr, clock_);
  EXPECT_EQ(publisher.transport(), Transport::kJetStream);
  const absl::Status first = publisher.Publish(MakeEvent("a", "t.started")).status();
  EXPECT_EQ(GetReason(first), kNotSent);
  EXPECT_EQ(publisher.transport(), Transport::kHttp);
  EXPECT_THAT(publisher.Publish(MakeEvent("a", "t.started")), IsOk());
  const runs::EventFacts facts;
  EXPECT_EQ(publisher.Find({.facts = facts}).status().code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace jobexec::reporter
