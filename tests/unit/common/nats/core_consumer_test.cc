// Against a real nats-server without JetStream.
#include <gmock/gmock.h>

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/nats/consumer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/nats_server.h"
#include "tests/support/status_matchers.h"

namespace jobexec::nats {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::NatsServer;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kShort = absl::Milliseconds(100);
constexpr absl::Duration kLong = absl::Seconds(20);

class CoreConsumerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = NatsServer::Start(/*jetstream=*/false);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    consumer_ = Make();
    Fetch(*consumer_, 1, kShort);  // subscribes
  }

  std::unique_ptr<CoreConsumer> Make() {
    return CoreConsumer::Create(
        {.urls = server_->url(), .name = "test", .subject = "sh.keptn.event.>", .group = "team-a"},
        clock_);
  }
  void Publish(const std::string& payload) {
    ASSERT_THAT(server_->PublishCore("sh.keptn.event.a", payload), IsOk());
  }
  static std::vector<Message> Fetch(Consumer& consumer, int most, absl::Duration wait) {
    auto messages = consumer.Fetch(most, wait);
    EXPECT_THAT(messages, IsOk());
    return messages.value_or(std::vector<Message>());
  }

  FakeClock clock_;
  std::unique_ptr<NatsServer> server_;
  std::unique_ptr<CoreConsumer> consumer_;
};

TEST_F(CoreConsumerTest, TakesWhatIsPublished) {
  Publish("x");

  const std::vector<Message> messages = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].subject, "sh.keptn.event.a");
  EXPECT_EQ(messages[0].payload, "x");
  EXPECT_EQ(messages[0].sequence, 0u);
  EXPECT_EQ(messages[0].deliveries, 1u);
  EXPECT_EQ(consumer_->backlog().unacknowledged, 1u);
  EXPECT_THAT(consumer_->Ack(messages[0]), IsOk());
  EXPECT_EQ(consumer_->backlog().unacknowledged, 0u);
}

TEST_F(CoreConsumerTest, AGroupSharesTheMessages) {
  const auto other = Make();
  Fetch(*other, 1, kShort);
  for (int i = 0; i < 20; ++i) Publish(absl::StrCat(i));

  std::map<std::string, int> times;
  for (Consumer* consumer :
       {static_cast<Consumer*>(consumer_.get()), static_cast<Consumer*>(other.get())}) {
    for (;;) {
      const std::vector<Message> messages = Fetch(*consumer, 10, kShort);
      if (messages.empty()) break;
      for (const Message& message : messages) ++times[message.payload];
    }
  }

  EXPECT_THAT(times, SizeIs(20));
  for (const auto& [payload, count] : times) EXPECT_EQ(count, 1) << payload;
}

TEST_F(CoreConsumerTest, ARefusedMessageComesAgainAfterTheDelay) {
  Publish("x");
  const std::vector<Message> messages = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(messages, SizeIs(1));
  ASSERT_THAT(consumer_->Nak(messages[0], absl::Seconds(5)), IsOk());
  EXPECT_THAT(Fetch(*consumer_, 10, kShort), IsEmpty());

  clock_.Advance(absl::Seconds(5));

  const std::vector<Message> again = Fetch(*consumer_, 10, kShort);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].payload, "x");
  EXPECT_EQ(again[0].deliveries, 2u);
  EXPECT_THAT(consumer_->Ack(again[0]), IsOk());
  EXPECT_THAT(consumer_->Ack(again[0]), IsOk()) << "twice is once";
  clock_.Advance(absl::Seconds(5));
  EXPECT_THAT(Fetch(*consumer_, 10, kShort), IsEmpty());
}

TEST_F(CoreConsumerTest, WhenItLeavesOnlyRefusedMessagesCome) {
  Publish("refused");
  const std::vector<Message> messages = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(messages, SizeIs(1));
  ASSERT_THAT(consumer_->Nak(messages[0], absl::Seconds(5)), IsOk());

  consumer_->Leave();
  Publish("new");
  clock_.Advance(absl::Seconds(5));

  const std::vector<Message> again = Fetch(*consumer_, 10, kShort);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].payload, "refused");
  EXPECT_THAT(Fetch(*consumer_, 10, kShort), IsEmpty());
}

TEST_F(CoreConsumerTest, SubscribesAgainAfterTheServerWasKilled) {
  ASSERT_THAT(server_->Kill(), IsOk());
  EXPECT_FALSE(consumer_->Fetch(1, kLong).ok());
  ASSERT_THAT(server_->Restart(), IsOk());
  Fetch(*consumer_, 1, kShort);
  Publish("x");

  EXPECT_THAT(Fetch(*consumer_, 1, kLong), SizeIs(1));
}

}  // namespace
}  // namespace jobexec::nats
