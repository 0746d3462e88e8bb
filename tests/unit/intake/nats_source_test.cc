#include "intake/nats_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/intake/fake_consumer.h"
#include "tests/unit/intake/fake_scheduler_link.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kDeploy[] = "sh.keptn.event.deploy.triggered";

// Waits end at once and move the clock; the test may do something meanwhile.
class SteppingClock final : public Clock {
 public:
  absl::Time TimeNow() override { return clock_.TimeNow(); }
  absl::Duration Elapsed() override { return clock_.Elapsed(); }
  bool WaitOrStop(const absl::Notification& stop, absl::Duration duration) override {
    if (on_wait) on_wait(++waits_);
    return clock_.WaitOrStop(stop, duration);
  }
  void Advance(absl::Duration duration) { clock_.Advance(duration); }

  std::function<void(int waits)> on_wait;

 private:
  testing::FakeClock clock_;
  int waits_ = 0;
};

// Remembers ends until the test answers.
class FakeEnds final : public SequenceEnds {
 public:
  void Finished(cloudevents::Event event, Done done) override {
    types.push_back(event.type());
    waiting.push_back(std::move(done));
  }
  bool HasEnded(const cloudevents::Event& triggered) const override {
    return cloudevents::Attribute(triggered, "shkeptncontext") == "ended";
  }

  std::vector<std::string> types;
  std::vector<Done> waiting;
};

std::string Body(const std::string& id, const std::string& type,
                 const std::string& context = "c-1") {
  return absl::StrCat(R"({"specversion":"1.0","id":")", id, R"(","source":"s","type":")", type,
                      R"(","shkeptncontext":")", context,
                      R"(","data":{"project":"shop","stage":"dev","service":"cart"}})");
}

EventOutcome Accepted() {
  EventOutcome outcome;
  outcome.mutable_accepted();
  return outcome;
}

class NatsSourceTest : public ::testing::Test {
 protected:
  using Messages = std::vector<nats::Message>;

  NatsSourceTest() {
    subscriptions_.Set("integration-1", {{.event = kDeploy}});
    durable_.on_end = [this] { Stop(); };
  }

  nats::Message Make(const std::string& id, const std::string& type = kDeploy,
                     const std::string& context = "c-1") {
    ++sequence_;
    return {.subject = type,
            .payload = Body(id, type, context),
            .sequence = sequence_,
            .time = clock_.TimeNow(),
            .handle = absl::StrCat(sequence_)};
  }

  void Stop() {
    if (!stop_.HasBeenNotified()) stop_.Notify();
  }
  // Runs until the steps of the durable are used up and everything is settled.
  void Run() { source_.Run(stop_); }

  void Add(std::function<FakeConsumer::Messages()> step) {
    durable_.steps.push_back(std::move(step));
  }
  void AddMessages(Messages messages) {
    Add([messages = std::move(messages)] { return messages; });
  }
  // The scheduler answers the submission with this index while the next fetch goes on.
  void AddAnswer(size_t index, EventOutcome outcome) {
    Add([this, index, outcome = std::move(outcome)] {
      link_.Answer(index, outcome);
      return Messages();
    });
  }

  SteppingClock clock_;
  Metrics metrics_;
  FakeSchedulerLink link_;
  Dispatcher dispatcher_{link_, {.max_in_flight = 4}, clock_, metrics_};
  Subscriptions subscriptions_;
  FakeEnds ends_;
  FakeConsumer durable_;
  FakeConsumer core_;
  NatsSource source_{{.max_unsettled = 3},
                     {durable_, core_, subscriptions_, ends_, dispatcher_, clock_, metrics_}};
  absl::Notification stop_;
  uint64_t sequence_ = 0;
};

TEST_F(NatsSourceTest, AcknowledgesWhatASchedulerHasDecided) {
  AddMessages({Make("e-1")});
  Add([this] {
    EXPECT_THAT(durable_.told, IsEmpty()) << "not before the outcome";
    return Messages();
  });
  AddAnswer(0, Accepted());

  Run();

  ASSERT_THAT(link_.submissions, SizeIs(1));
  const EventSubmission& submission = link_.submissions[0];
  EXPECT_EQ(submission.event().id(), "e-1");
  EXPECT_EQ(submission.via(), EventSubmission::VIA_NATS);
  EXPECT_EQ(submission.from_sequence(), 1u);
  EXPECT_EQ(submission.integration_id(), "integration-1");
  EXPECT_THAT(durable_.told, ElementsAre("ack 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("nats_messages_total{result=\"submitted\"} 1\n"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("nats_settled_total{how=\"ack\"} 1\n"));
  EXPECT_THAT(source_.Check(), IsOk());
}

TEST_F(NatsSourceTest, TheLastWordsAreAcknowledgedAndTheRestComesAgain) {
  struct Case {
    EventOutcome outcome;
    std::string told;
  };
  EventOutcome ignored;
  ignored.mutable_ignored()->set_reason("no match");
  EventOutcome rejected;
  rejected.mutable_rejected()->set_code(3);
  const Case cases[] = {
      {ignored, "ack 1"},
      {rejected, "ack 1"},
      {RetryOutcome(absl::Seconds(7), "busy"), "nak 1 7s"},
      {RetryOutcome(absl::Nanoseconds(1), "busy"), "nak 1 100ms"},
      {RetryOutcome(absl::Hours(1), "busy"), "nak 1 5m"},
  };
  for (const Case& c : cases) {
    FakeConsumer durable;
    absl::Notification stop;
    durable.on_end = [&] { stop.Notify(); };
    NatsSource source({}, {durable, core_, subscriptions_, ends_, dispatcher_, clock_, metrics_});
    sequence_ = 0;
    durable.steps = {[&] { return Messages{Make("e")}; },
                     [&] {
                       link_.Answer(link_.waiting.size() - 1, c.outcome);
                       return Messages();
                     }};
    source.Run(stop);

    EXPECT_THAT(durable.told, ElementsAre(c.told));
  }
}

TEST_F(NatsSourceTest, FetchesNothingBeforeTheSubscriptionsAreKnown) {
  Subscriptions unknown;
  NatsSource source({}, {durable_, core_, unknown, ends_, dispatcher_, clock_, metrics_});
  Stop();
  source.Run(stop_);
  EXPECT_THAT(durable_.asked, IsEmpty());

  absl::Notification stop;
  durable_.on_end = [&] { stop.Notify(); };
  // The clock's waits end at once: the first rounds come before the subscriptions.
  clock_.on_wait = [&](int waits) {
    if (waits == 3) {
      EXPECT_THAT(durable_.asked, IsEmpty());
      EXPECT_THAT(source.Check(), StatusIs(absl::StatusCode::kUnavailable,
                                           HasSubstr("subscriptions are not known")));
      unknown.Set("", {});
    }
  };
  source.Run(stop);
  EXPECT_THAT(durable_.asked, SizeIs(1));
  EXPECT_THAT(source.Check(), IsOk());
}

TEST_F(NatsSourceTest, WhatNobodyWantsIsDoneAtOnce) {
  subscriptions_.Set("", {{.event = "sh.keptn.event.*.triggered", .filter = {.projects = {"shop"}}},
                          {.event = "sh.keptn.event.test.>", .filter = {.projects = {"bank"}}},
                          {.event = "sh.keptn.event.load.finished"}});
  AddMessages(
      {Make("1", "sh.keptn.event.deploy.started"),     // no subscription names the kind
       Make("2", "sh.keptn.event.dev.seq.triggered"),  // a part more than the wildcard takes
       Make("3", "sh.keptn.event.test.started")});
  AddMessages({Make("4", "sh.keptn.event.load.finished"),       // named
               Make("5", "sh.keptn.event.deploy.triggered")});  // by the wildcard
  Add([this] {
    EXPECT_THAT(durable_.told, ElementsAre("ack 1", "ack 2", "ack 3"));
    return Messages();
  });
  AddAnswer(0, Accepted());
  AddAnswer(1, Accepted());

  Run();

  ASSERT_THAT(link_.submissions, SizeIs(2));
  EXPECT_EQ(link_.submissions[0].event().id(), "4");
  EXPECT_EQ(link_.submissions[1].event().id(), "5");
  EXPECT_THAT(metrics_.Text(), HasSubstr("nats_messages_total{result=\"not_wanted\"} 3\n"));
}

TEST_F(NatsSourceTest, FiltersAreLookedAtLocally) {
  subscriptions_.Set("", {{.event = kDeploy, .filter = {.stages = {"prod"}}}});
  AddMessages({Make("1")});

  Run();

  EXPECT_THAT(link_.submissions, IsEmpty());
  EXPECT_THAT(durable_.told, ElementsAre("ack 1"));
}

TEST_F(NatsSourceTest, WhatIsNoEventIsDoneAndCounted) {
  nats::Message no_json = Make("1");
  no_json.payload = "{";
  nats::Message no_id = Make("", kDeploy);
  nats::Message other_type = Make("3", "sh.keptn.event.other.triggered");
  other_type.subject = kDeploy;
  AddMessages({no_json, no_id, other_type});

  Run();

  EXPECT_THAT(link_.submissions, IsEmpty());
  EXPECT_THAT(durable_.told, ElementsAre("ack 1", "ack 2", "ack 3"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("nats_messages_total{result=\"invalid\"} 3\n"));
}

TEST_F(NatsSourceTest, AnEventWithoutSpecversionIsTakenAsKeptnDoes) {
  nats::Message message = Make("1");
  message.payload = absl::StrCat(R"({"id":"1","source":"s","type":")", kDeploy, R"(","data":{}})");
  AddMessages({message});
  AddAnswer(0, Accepted());

  Run();

  EXPECT_EQ(link_.submissions.at(0).event().spec_version(), "1.0");
}

TEST_F(NatsSourceTest, EndsOfSequencesAreHandedOver) {
  constexpr char kEnd[] = "sh.keptn.event.dev.delivery.finished";
  AddMessages({Make("1", kEnd), Make("2", kEnd)});
  Add([this] {
    EXPECT_THAT(durable_.told, IsEmpty()) << "not before it is done";
    std::move(ends_.waiting.at(0))(true);
    std::move(ends_.waiting.at(1))(false);
    return Messages();
  });

  Run();

  EXPECT_THAT(ends_.types, ElementsAre(kEnd, kEnd));
  EXPECT_THAT(durable_.told, ElementsAre("ack 1", "nak 2 5s"));
}

TEST_F(NatsSourceTest, NothingIsBegunForASequenceThatHasEnded) {
  AddMessages({Make("1", kDeploy, "ended")});

  Run();

  EXPECT_THAT(link_.submissions, IsEmpty());
  EXPECT_THAT(durable_.told, ElementsAre("ack 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("nats_messages_total{result=\"ended\"} 1\n"));
}

TEST_F(NatsSourceTest, NeverFetchesMoreThanThereIsRoomFor) {
  AddMessages({Make("1"), Make("2")});
  AddMessages({Make("3")});  // 3 are unsettled now
  clock_.on_wait = [this](int waits) {
    if (waits == 5) {
      EXPECT_THAT(durable_.asked, ElementsAre(3, 1)) << "no room, so nothing is asked for";
      link_.Answer(1, Accepted());
    }
  };
  AddAnswer(0, Accepted());
  AddAnswer(2, Accepted());

  Run();

  EXPECT_THAT(durable_.asked, ElementsAre(3, 1, 1, 2, 3));
  EXPECT_THAT(durable_.told, ElementsAre("ack 2", "ack 1", "ack 3"));
}

TEST_F(NatsSourceTest, TheDispatchersRoomCounts) {
  // Others have taken 3 of 4 places.
  dispatcher_.Dispatch(std::vector<Delivery>(3), [](auto&&) {});
  Add([this] {
    // And now the last one, too.
    dispatcher_.Dispatch(std::vector<Delivery>(1), [](auto&&) {});
    return Messages{Make("1")};
  });
  clock_.on_wait = [this](int waits) {
    if (waits == 3) {
      EXPECT_THAT(link_.submissions, SizeIs(4)) << "the event waits";
      link_.Answer(0, Accepted());
    } else if (waits == 6) {
      EXPECT_THAT(durable_.asked, ElementsAre(1)) << "no room for another one";
      link_.Answer(4, Accepted());
    }
  };

  Run();

  EXPECT_EQ(link_.submissions.at(4).event().id(), "1");
  EXPECT_THAT(durable_.told, ElementsAre("ack 1"));
}

TEST_F(NatsSourceTest, WhatIsInWorkIsKeptAlive) {
  AddMessages({Make("1")});
  for (int i = 0; i < 3; ++i) {
    Add([this] {
      clock_.Advance(absl::Seconds(11));
      return Messages();
    });
  }
  AddAnswer(0, Accepted());

  Run();

  EXPECT_THAT(durable_.told, ElementsAre("wait 1", "wait 1", "wait 1", "ack 1"));
}

TEST_F(NatsSourceTest, AMessageThatComesAgainWhileItIsInWorkIsNotSubmittedAgain) {
  const nats::Message message = Make("1");
  nats::Message again = message;
  again.deliveries = 2;
  again.handle = "1-again";
  AddMessages({message});
  AddMessages({again});
  AddAnswer(0, Accepted());

  Run();

  EXPECT_THAT(link_.submissions, SizeIs(1));
  EXPECT_THAT(durable_.told, ElementsAre("ack 1-again"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("nats_messages_total{result=\"repeated\"} 1\n"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("nats_redelivered_total 1\n"));
}

TEST_F(NatsSourceTest, WordsThatMayBeLostAreRepeated) {
  AddMessages({Make("1"), Make("2")});
  Add([this] {
    link_.Answer(0, Accepted());
    link_.Answer(1, RetryOutcome(absl::Seconds(1), "busy"));
    durable_.flush_error = absl::UnavailableError("cut");
    return Messages();
  });
  Add([this]() -> FakeConsumer::Messages {
    EXPECT_THAT(durable_.told, IsEmpty());
    clock_.Advance(absl::Seconds(2));
    return absl::UnavailableError("cut");
  });
  Add([this] {
    EXPECT_THAT(durable_.told, IsEmpty());
    durable_.flush_error = absl::OkStatus();
    clock_.Advance(absl::Seconds(2));
    return Messages();
  });

  Run();

  EXPECT_THAT(durable_.told, ElementsAre("ack 1", "nak 2 1s"));
}

TEST_F(NatsSourceTest, OldDeliveriesAreMarked) {
  struct Looked final : Answered {
    absl::StatusOr<bool> WasAnswered(const Delivery& delivery) override {
      absl::MutexLock lock(&mutex);
      ids.push_back(delivery.event.id());
      return false;
    }
    absl::Mutex mutex;
    std::vector<std::string> ids;
  } answered;
  OldDeliveries old(answered, {.threads = 1}, metrics_);
  Dispatcher dispatcher(link_, {}, clock_, metrics_, &old);
  NatsSource source({}, {durable_, core_, subscriptions_, ends_, dispatcher, clock_, metrics_});
  nats::Message again = Make("again");
  again.deliveries = 2;
  nats::Message late = Make("late");
  late.time -= absl::Seconds(61);
  AddMessages({Make("new"), again, late});
  Add([&] {
    {
      absl::MutexLock lock(&answered.mutex);
      answered.mutex.Await(absl::Condition(
          +[](std::vector<std::string>* ids) { return ids->size() == 2; }, &answered.ids));
    }
    old.Stop();  // waits for the second submission
    for (size_t i = 0; i < 3; ++i) link_.Answer(i, Accepted());
    return Messages();
  });

  source.Run(stop_);

  EXPECT_THAT(answered.ids, UnorderedElementsAre("again", "late"));
}

TEST_F(NatsSourceTest, WhenItStopsItWaitsForWhatItHandedOver) {
  AddMessages({Make("1")});
  Add([this] {
    Stop();
    return Messages{Make("2")};
  });
  clock_.on_wait = [this](int /*waits*/) {
    if (stop_.HasBeenNotified() && link_.waiting.size() == 1) {
      link_.Answer(0, RetryOutcome(absl::Seconds(1), "intake is stopping"));
      link_.waiting.emplace_back();
    }
  };

  Run();

  EXPECT_THAT(link_.submissions, SizeIs(1)) << "the second one is given back at once";
  EXPECT_THAT(durable_.told, ElementsAre("nak 2 0", "nak 1 1s"));
}

TEST_F(NatsSourceTest, WhenItStopsWithoutNatsItDoesNotHang) {
  AddMessages({Make("1")});
  Add([this]() -> FakeConsumer::Messages {
    link_.Answer(0, Accepted());
    durable_.tell_error = absl::UnavailableError("not connected");
    Stop();
    return absl::UnavailableError("not connected");
  });

  Run();

  EXPECT_THAT(durable_.told, IsEmpty());
  EXPECT_THAT(source_.Check(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not connected")));
}

TEST_F(NatsSourceTest, FailuresAreRepeatedLessAndLessOften) {
  std::vector<absl::Duration> times;
  for (int i = 0; i < 12; ++i) {
    Add([this, &times]() -> FakeConsumer::Messages {
      times.push_back(clock_.Elapsed());
      return absl::UnavailableError("no server");
    });
  }

  Run();

  ASSERT_THAT(times, SizeIs(12));
  EXPECT_LT(times[1] - times[0], absl::Milliseconds(300));
  EXPECT_GT(times[11] - times[10], absl::Seconds(2));
  EXPECT_LT(times[11] - times[10], absl::Seconds(6));
}

TEST_F(NatsSourceTest, WithoutJetStreamThePlainSubscriptionServes) {
  const auto no_stream = [] { return absl::FailedPreconditionError("no stream"); };
  Add(no_stream);
  nats::Message plain = Make("1");
  plain.sequence = 0;
  core_.steps = {[&] { return Messages{plain}; },
                 [&] {
                   link_.Answer(0, Accepted());
                   return Messages();
                 },
                 [&] {
                   EXPECT_THAT(source_.Check(), IsOk());
                   EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_nats_durable 0\n"));
                   clock_.Advance(absl::Seconds(11));  // time to look for a stream again
                   return Messages();
                 }};
  Add(no_stream);
  core_.on_end = [&] { clock_.Advance(absl::Seconds(11)); };
  AddMessages({Make("2")});  // now there is one
  AddAnswer(1, Accepted());

  Run();

  EXPECT_THAT(core_.told, ElementsAre("ack 1"));
  EXPECT_TRUE(core_.left);
  EXPECT_THAT(durable_.told, ElementsAre("ack 2"));
  EXPECT_EQ(link_.submissions.at(0).from_sequence(), 0u);
  EXPECT_EQ(link_.submissions.at(1).from_sequence(), 2u);
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_nats_durable 1\n"));
}

TEST_F(NatsSourceTest, WhatThePlainSubscriptionHoldsStillComesWhenThereIsAStream) {
  core_.held.unacknowledged = 1;
  nats::Message refused = Make("1");
  refused.sequence = 0;
  core_.steps = {[&] {
    core_.held.unacknowledged = 0;
    return Messages{refused};
  }};
  AddAnswer(0, Accepted());

  Run();

  EXPECT_THAT(core_.told, ElementsAre("ack 1"));
}

TEST_F(NatsSourceTest, AConflictIsNoReasonToGoWithoutJetStream) {
  Add([] { return absl::AlreadyExistsError("somebody else's consumer"); });

  Run();

  EXPECT_THAT(core_.asked, IsEmpty());
}

}  // namespace
}  // namespace jobexec::intake
