// Against a real nats-server: what JetStream does cannot be imitated.
#include <gmock/gmock.h>

#include <map>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/nats/connection.h"
#include "common/nats/consumer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/nats_server.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec::nats {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::NatsServer;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kShort = absl::Milliseconds(200);
// A bound against hanging: a fetch ends as soon as a message is there.
constexpr absl::Duration kLong = absl::Seconds(20);
constexpr absl::Duration kAckWait = absl::Seconds(2);

class DurableConsumerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = NatsServer::Start();
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    AddStream();
    consumer_ = Make();
  }

  void AddStream() {
    ASSERT_THAT(server_->AddStream("keptn", "sh.keptn.>", absl::Minutes(2)), IsOk());
  }

  Consumer::Options Options() const {
    return {.urls = server_->url(),
            .name = "test",
            .subject = "sh.keptn.event.>",
            .group = "team-a",
            .ack_wait = kAckWait,
            .max_unacknowledged = 100,
            .request_timeout = absl::Seconds(2)};
  }
  std::unique_ptr<Consumer> Make() { return Consumer::CreateDurable(Options(), clock_); }

  void Publish(const std::string& payload, const std::string& subject = "sh.keptn.event.a") {
    ASSERT_THAT(server_->PublishCore(subject, payload), IsOk());
  }

  // What a fetch brings, acknowledged or not.
  static std::vector<Message> Fetch(Consumer& consumer, int most, absl::Duration wait) {
    auto messages = consumer.Fetch(most, wait);
    EXPECT_THAT(messages, IsOk());
    return messages.value_or(std::vector<Message>());
  }
  // Fetches and acknowledges until there is nothing more.
  std::vector<std::string> DrainPayloads(Consumer& consumer) {
    std::vector<std::string> payloads;
    for (;;) {
      const std::vector<Message> messages = Fetch(consumer, 10, kShort);
      if (messages.empty()) return payloads;
      for (const Message& message : messages) {
        payloads.push_back(message.payload);
        EXPECT_THAT(consumer.Ack(message), IsOk());
      }
      EXPECT_THAT(consumer.Flush(), IsOk());
    }
  }
  // Fetches until the server is there again.
  std::vector<Message> FetchPatiently(Consumer& consumer) {
    std::vector<Message> found;
    EXPECT_TRUE(PollUntil(
        [&] {
          auto messages = consumer.Fetch(10, kLong);
          if (messages.ok()) found = *std::move(messages);
          return messages.ok();
        },
        absl::Seconds(30)));
    return found;
  }

  FakeClock clock_;
  std::unique_ptr<NatsServer> server_;
  std::unique_ptr<Consumer> consumer_;
};

TEST_F(DurableConsumerTest, BeginsWithWhatComesAfterItWasMade) {
  Publish("before");
  EXPECT_THAT(Fetch(*consumer_, 10, kShort), IsEmpty());

  Publish("other", "sh.keptn.log.error");
  Publish("after");

  const std::vector<Message> messages = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].subject, "sh.keptn.event.a");
  EXPECT_EQ(messages[0].payload, "after");
  EXPECT_EQ(messages[0].sequence, 3u);
  EXPECT_EQ(messages[0].deliveries, 1u);
  EXPECT_GT(messages[0].time, absl::FromUnixSeconds(1'700'000'000));
}

TEST_F(DurableConsumerTest, TimesOfMessagesAreThoseOfTheStream) {
  Fetch(*consumer_, 1, kShort);
  const auto connection = Connection::Create({.urls = server_->url(), .name = "test"}, clock_);
  // Fractions of a second with and without zeros at either end.
  for (int i = 0; i < 30; ++i) {
    Publish(absl::StrCat(i));
    const std::vector<Message> messages = Fetch(*consumer_, 1, kLong);
    ASSERT_THAT(messages, SizeIs(1));
    const auto stream = connection->FindStream("sh.keptn.event.a");
    ASSERT_THAT(stream, IsOk());
    EXPECT_EQ(stream->last_time, messages[0].time);
  }
}

TEST_F(DurableConsumerTest, FetchesNoMoreThanWasAskedFor) {
  Fetch(*consumer_, 1, kShort);
  for (int i = 0; i < 5; ++i) Publish(absl::StrCat(i));

  EXPECT_THAT(Fetch(*consumer_, 2, kLong), SizeIs(2));
  EXPECT_THAT(Fetch(*consumer_, 2, kLong), SizeIs(2));
  EXPECT_THAT(Fetch(*consumer_, 2, kLong), SizeIs(1)) << "ends at once, though less came";
}

TEST_F(DurableConsumerTest, AMessageEndsTheWaitAtOnce) {
  Fetch(*consumer_, 1, kShort);
  std::thread publisher([&] { Publish("late"); });

  EXPECT_THAT(Fetch(*consumer_, 10, kLong), SizeIs(1));

  publisher.join();
}

TEST_F(DurableConsumerTest, WhatIsNotAcknowledgedComesAgain) {
  Fetch(*consumer_, 1, kShort);
  Publish("kept");
  Publish("lost");
  const std::vector<Message> messages = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(messages, SizeIs(2));
  ASSERT_THAT(consumer_->Ack(messages[0]), IsOk());
  ASSERT_THAT(consumer_->Flush(), IsOk());
  consumer_.reset();  // the process dies

  const auto next = Make();
  const std::vector<Message> again = Fetch(*next, 10, kLong);

  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].payload, "lost");
  EXPECT_EQ(again[0].sequence, 2u);
  EXPECT_EQ(again[0].deliveries, 2u);
}

TEST_F(DurableConsumerTest, ARefusedMessageComesAgainAfterTheDelay) {
  Fetch(*consumer_, 1, kShort);
  Publish("later");
  Publish("now");
  const std::vector<Message> messages = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(messages, SizeIs(2));
  ASSERT_THAT(consumer_->Nak(messages[0], absl::Seconds(1)), IsOk());
  ASSERT_THAT(consumer_->Nak(messages[1], absl::ZeroDuration()), IsOk());

  const std::vector<Message> first = Fetch(*consumer_, 10, kLong);
  const std::vector<Message> second = Fetch(*consumer_, 10, kLong);

  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].payload, "now");
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].payload, "later");
  EXPECT_EQ(second[0].deliveries, 2u);
}

TEST_F(DurableConsumerTest, WhatIsInProgressDoesNotComeAgain) {
  Fetch(*consumer_, 1, kShort);
  Publish("slow");
  const std::vector<Message> messages = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(messages, SizeIs(1));

  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(Fetch(*consumer_, 10, kAckWait / 4), IsEmpty());
    ASSERT_THAT(consumer_->InProgress(messages[0]), IsOk());
    ASSERT_THAT(consumer_->Flush(), IsOk());
  }
}

TEST_F(DurableConsumerTest, TwoShareTheMessages) {
  const auto other = Make();
  Fetch(*consumer_, 1, kShort);
  Fetch(*other, 1, kShort);
  for (int i = 0; i < 20; ++i) Publish(absl::StrCat(i));

  std::map<std::string, int> times;
  for (int i = 0; i < 4; ++i) {
    for (Consumer* consumer : {consumer_.get(), other.get()}) {
      for (const Message& message : Fetch(*consumer, 3, kShort)) ++times[message.payload];
    }
  }

  EXPECT_THAT(times, SizeIs(20));
  for (const auto& [payload, count] : times) EXPECT_EQ(count, 1) << payload;
}

TEST_F(DurableConsumerTest, GoesOnWhenTheServerWasKilledWhileItWaited) {
  Fetch(*consumer_, 1, kShort);
  Publish("held");
  const std::vector<Message> held = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(held, SizeIs(1));
  std::thread killer([&] { ASSERT_THAT(server_->Kill(), IsOk()); });
  EXPECT_THAT(consumer_->Fetch(10, kLong), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("")));
  killer.join();
  EXPECT_THAT(consumer_->Ack(held[0]), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("")));

  ASSERT_THAT(server_->Restart(), IsOk());
  ASSERT_THAT(consumer_->Ack(held[0]), IsOk()) << "counts on the next connection, too";
  ASSERT_THAT(consumer_->Flush(), IsOk());
  Publish("meanwhile");

  const std::vector<Message> messages = FetchPatiently(*consumer_);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].payload, "meanwhile");
  EXPECT_THAT(Fetch(*consumer_, 10, kAckWait + absl::Seconds(1)), SizeIs(1))
      << "of the two only this one was not acknowledged";
}

TEST_F(DurableConsumerTest, APurgedStreamGoesOn) {
  Fetch(*consumer_, 1, kShort);
  Publish("gone");
  ASSERT_THAT(server_->Purge("keptn"), IsOk());
  Publish("stays");

  EXPECT_THAT(DrainPayloads(*consumer_), ElementsAre("stays"));
}

TEST_F(DurableConsumerTest, ADeletedConsumerIsMadeAnewWhereAllWasSettled) {
  Publish("before");
  Fetch(*consumer_, 1, kShort);
  Publish("settled");
  EXPECT_THAT(DrainPayloads(*consumer_), ElementsAre("settled"));
  clock_.Advance(absl::Minutes(1));  // its progress is asked for
  Fetch(*consumer_, 1, kShort);
  ASSERT_THAT(server_->DeleteConsumer("keptn", "team-a"), IsOk());
  Publish("missed");

  EXPECT_FALSE(consumer_->Fetch(10, kShort).ok());
  EXPECT_THAT(DrainPayloads(*consumer_), ElementsAre("missed"));
}

TEST_F(DurableConsumerTest, ADeletedConsumerThatSettledNothingDoesNotBeginWithAllOfThePast) {
  Publish("before");
  // Time goes by: up to 0.1 s of it may be read again.
  Consumer::Options other = Options();
  other.group = "other";
  EXPECT_THAT(Fetch(*Consumer::CreateDurable(other, clock_), 1, kShort), IsEmpty());
  Fetch(*consumer_, 1, kShort);
  ASSERT_THAT(server_->DeleteConsumer("keptn", "team-a"), IsOk());
  Publish("missed");

  EXPECT_FALSE(consumer_->Fetch(10, kShort).ok());
  EXPECT_THAT(Fetch(*consumer_, 1, kLong), SizeIs(1));
  // And once more, nothing being settled yet.
  ASSERT_THAT(server_->DeleteConsumer("keptn", "team-a"), IsOk());
  EXPECT_FALSE(consumer_->Fetch(10, kShort).ok());
  EXPECT_THAT(DrainPayloads(*consumer_), ElementsAre("missed"));
}

TEST_F(DurableConsumerTest, ANewStreamIsReadFromItsBegin) {
  Fetch(*consumer_, 1, kShort);
  Publish("old");
  const std::vector<Message> old = Fetch(*consumer_, 10, kLong);
  ASSERT_THAT(old, SizeIs(1));
  ASSERT_THAT(server_->DeleteStream("keptn"), IsOk());
  AddStream();
  Publish("new 1");
  Publish("new 2");

  EXPECT_FALSE(consumer_->Fetch(10, kShort).ok());
  const std::vector<Message> messages = Fetch(*consumer_, 10, kLong);
  EXPECT_THAT(messages, SizeIs(2));
  // It has the number of another message now.
  EXPECT_THAT(consumer_->Ack(old[0]), IsOk());
  EXPECT_THAT(consumer_->Flush(), IsOk());
  EXPECT_THAT(Fetch(*consumer_, 10, kLong), SizeIs(2)) << "neither was acknowledged";
}

TEST_F(DurableConsumerTest, AStreamThatIsGoneIsWaitedFor) {
  Fetch(*consumer_, 1, kShort);
  ASSERT_THAT(server_->DeleteStream("keptn"), IsOk());

  EXPECT_FALSE(consumer_->Fetch(10, kShort).ok());
  EXPECT_THAT(consumer_->Fetch(10, kShort),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no JetStream stream")));
}

TEST_F(DurableConsumerTest, AStreamThatComesLaterIsReadFromItsBegin) {
  ASSERT_THAT(server_->DeleteStream("keptn"), IsOk());
  FakeClock real(RealClock().TimeNow());  // the server's stamps are compared with it
  consumer_ = Consumer::CreateDurable(Options(), real);
  EXPECT_THAT(consumer_->Fetch(10, kShort),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("sh.keptn.event.>")));
  AddStream();
  Publish("first");

  EXPECT_THAT(DrainPayloads(*consumer_), ElementsAre("first"));
}

TEST_F(DurableConsumerTest, SaysThatThereIsNoJetStream) {
  auto server = NatsServer::Start(/*jetstream=*/false);
  ASSERT_THAT(server, IsOk());
  Consumer::Options options = Options();
  options.urls = (*server)->url();

  EXPECT_THAT(Consumer::CreateDurable(options, clock_)->Fetch(10, kShort),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("JetStream")));
}

TEST_F(DurableConsumerTest, OtherSettingsAreMended) {
  Fetch(*consumer_, 1, kShort);
  Consumer::Options options = Options();
  options.subject = "sh.keptn.event.b.>";
  options.max_unacknowledged = 1;
  const auto changed = Consumer::CreateDurable(options, clock_);
  Fetch(*changed, 1, kShort);

  Publish("a");
  Publish("b 1", "sh.keptn.event.b.x");
  Publish("b 2", "sh.keptn.event.b.x");

  const std::vector<Message> messages = Fetch(*changed, 10, kLong);
  ASSERT_THAT(messages, SizeIs(1)) << "one may be unacknowledged";
  EXPECT_EQ(messages[0].payload, "b 1");
}

TEST_F(DurableConsumerTest, SomebodyElsesConsumerIsLeftAlone) {
  ASSERT_THAT(server_->AddPushConsumer("keptn", "team-a", "to.them"), IsOk());

  EXPECT_THAT(consumer_->Fetch(10, kShort),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("INSTALLATION_ID")));
}

TEST_F(DurableConsumerTest, KnowsTheBacklog) {
  Fetch(*consumer_, 1, kShort);
  for (int i = 0; i < 5; ++i) Publish(absl::StrCat(i));
  Fetch(*consumer_, 2, kLong);

  clock_.Advance(absl::Minutes(1));
  Fetch(*consumer_, 1, kLong);

  EXPECT_EQ(consumer_->backlog().unacknowledged, 2u);
  EXPECT_EQ(consumer_->backlog().undelivered, 3u);
}

TEST_F(DurableConsumerTest, AServerThatIsNotThereIsUnavailable) {
  Consumer::Options options = Options();
  options.urls = "nats://user:secret@127.0.0.1:1";
  const absl::Status status = Consumer::CreateDurable(options, clock_)->Fetch(1, kShort).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.ToString(), ::testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace jobexec::nats
