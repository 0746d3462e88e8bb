#include "intake/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/intake/fake_scheduler_link.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

EventOutcome Accepted(const std::string& action) {
  EventOutcome outcome;
  outcome.mutable_accepted()->add_runs()->set_action(action);
  return outcome;
}

class DispatcherTest : public ::testing::Test {
 protected:
  // Dispatches `count` events; the result comes into `results_`.
  size_t Dispatch(size_t count) {
    std::vector<Delivery> deliveries(count);
    for (size_t i = 0; i < count; ++i) deliveries[i].event.set_id(std::to_string(i));
    const size_t index = results_.size();
    results_.emplace_back();
    dispatcher_.Dispatch(std::move(deliveries),
                         [this, index](absl::StatusOr<Dispatcher::Outcomes> outcomes) {
                           EXPECT_FALSE(results_[index].has_value());
                           results_[index] = std::move(outcomes);
                         });
    return index;
  }

  testing::FakeClock clock_;
  Metrics metrics_;
  FakeSchedulerLink link_;
  Dispatcher dispatcher_{
      link_, {.max_in_flight = 3, .submit_timeout = absl::Seconds(30)}, clock_, metrics_};
  std::vector<std::optional<absl::StatusOr<Dispatcher::Outcomes>>> results_;
};

TEST_F(DispatcherTest, SubmitsWithDeadlineAndTransport) {
  Dispatch(1);

  ASSERT_THAT(link_.submissions, SizeIs(1));
  EXPECT_EQ(link_.submissions[0].event().id(), "0");
  EXPECT_EQ(link_.submissions[0].via(), EventSubmission::VIA_HTTP);
  EXPECT_EQ(link_.submissions[0].deadline().seconds(), 1'700'000'030);
}

TEST_F(DispatcherTest, GathersOutcomesInTheOrderOfTheEvents) {
  const size_t batch = Dispatch(3);

  link_.Answer(2, Accepted("c"));
  link_.Answer(0, Accepted("a"));
  EXPECT_FALSE(results_[batch].has_value());
  link_.Answer(1, RetryOutcome(absl::Seconds(1), "busy"));

  ASSERT_TRUE(results_[batch].has_value());
  const Dispatcher::Outcomes& outcomes = **results_[batch];
  ASSERT_THAT(outcomes, SizeIs(3));
  EXPECT_EQ(outcomes[0].accepted().runs(0).action(), "a");
  EXPECT_EQ(outcomes[1].retry().reason(), "busy");
  EXPECT_EQ(outcomes[2].accepted().runs(0).action(), "c");
}

TEST_F(DispatcherTest, RefusesAtOnceWhenFullAndTakesAgainAfterwards) {
  Dispatch(2);

  const size_t refused = Dispatch(2);
  EXPECT_THAT(*results_[refused],
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("2 events are in flight")));
  EXPECT_THAT(link_.submissions, SizeIs(2));

  const size_t fits = Dispatch(1);
  EXPECT_FALSE(results_[fits].has_value());
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_in_flight 3\n"));

  link_.Answer(0, Accepted("a"));
  const size_t after = Dispatch(1);
  EXPECT_FALSE(results_[after].has_value());
  EXPECT_THAT(link_.submissions, SizeIs(4));
}

TEST_F(DispatcherTest, RefusesABatchThatCouldNeverFit) {
  const size_t refused = Dispatch(4);

  EXPECT_THAT(*results_[refused],
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("split it")));
  EXPECT_THAT(link_.submissions, IsEmpty());
}

TEST_F(DispatcherTest, AnEmptyBatchIsDecidedAtOnce) {
  const size_t empty = Dispatch(0);

  ASSERT_TRUE(results_[empty].has_value());
  EXPECT_THAT(**results_[empty], IsEmpty());
}

TEST_F(DispatcherTest, HandsOverWhereTheEventCameFrom) {
  dispatcher_.Dispatch(
      {{.via = EventSubmission::VIA_NATS, .from_sequence = 42, .integration_id = "integration-1"}},
      [](absl::StatusOr<Dispatcher::Outcomes>) {});

  ASSERT_THAT(link_.submissions, SizeIs(1));
  EXPECT_EQ(link_.submissions[0].via(), EventSubmission::VIA_NATS);
  EXPECT_EQ(link_.submissions[0].from_sequence(), 42u);
  EXPECT_EQ(link_.submissions[0].integration_id(), "integration-1");
}

TEST_F(DispatcherTest, OneEventIsLeftUntouchedWhenThereIsNoRoom) {
  EXPECT_EQ(dispatcher_.Room(), 3u);
  Dispatch(3);
  EXPECT_EQ(dispatcher_.Room(), 0u);
  Delivery delivery;
  delivery.event.set_id("late");
  int called = 0;
  Dispatcher::EventCallback done = [&](EventOutcome) { ++called; };

  EXPECT_FALSE(dispatcher_.TryDispatch(std::move(delivery), std::move(done)));
  EXPECT_EQ(delivery.event.id(), "late");  // NOLINT(bugprone-use-after-move): as promised
  EXPECT_TRUE(done);                       // NOLINT(bugprone-use-after-move)

  link_.Answer(0, Accepted("a"));
  EXPECT_TRUE(dispatcher_.TryDispatch(std::move(delivery), std::move(done)));
  EXPECT_EQ(link_.submissions.at(3).event().id(), "late");
  link_.Answer(3, Accepted("b"));
  EXPECT_EQ(called, 1);
}

TEST_F(DispatcherTest, CountsOutcomesAndTime) {
  Dispatch(2);
  clock_.Advance(absl::Seconds(2));

  link_.Answer(0, Accepted("a"));
  link_.Answer(1, RetryOutcome(absl::Seconds(1), "busy"));

  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("jobexec_intake_events_total{outcome=\"accepted\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_events_total{outcome=\"retry\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_submit_seconds_sum 4\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_in_flight 0\n"));
}

// Knows of each event by its id.
class FakeAnswered final : public Answered {
 public:
  absl::StatusOr<bool> WasAnswered(const Delivery& delivery) override {
    if (delivery.event.id() == "unknown") return absl::UnavailableError("no stream");
    return delivery.event.id() == "answered";
  }
};

class OldDeliveryTest : public ::testing::Test {
 protected:
  // The outcome of an old delivery; nothing if it was submitted.
  std::optional<EventOutcome> Outcome(const std::string& id, const std::string& type) {
    std::optional<EventOutcome> outcome;
    FakeAnswered answered;
    OldDeliveries old(answered, {.threads = 1}, metrics_);
    Dispatcher dispatcher(link_, {}, clock_, metrics_, &old);
    Delivery delivery{.old = true};
    delivery.event.set_id(id);
    delivery.event.set_type(type);
    EXPECT_TRUE(dispatcher.TryDispatch(std::move(delivery),
                                       [&](EventOutcome given) { outcome = std::move(given); }));
    // With one thread the look is over when the next one is.
    absl::Notification looked;
    Delivery last;
    old.Ask(last, [&](absl::StatusOr<bool>) { looked.Notify(); });
    looked.WaitForNotification();
    old.Stop();
    if (!outcome.has_value()) link_.Answer(link_.waiting.size() - 1, Accepted("a"));
    return link_.submissions.empty() ? outcome : std::nullopt;
  }

  testing::FakeClock clock_;
  Metrics metrics_;
  FakeSchedulerLink link_;
};

TEST_F(OldDeliveryTest, WhatWasAnsweredIsNotSubmitted) {
  const auto outcome = Outcome("answered", "a.triggered");

  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->accepted().already_known());
  EXPECT_EQ(outcome->accepted().runs_size(), 0);
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_in_flight 0\n"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("old_deliveries_total{result=\"answered\"} 1\n"));
}

TEST_F(OldDeliveryTest, WhatWasNotIsSubmitted) {
  EXPECT_EQ(Outcome("new", "a.triggered"), std::nullopt);
  EXPECT_EQ(link_.submissions.at(0).event().id(), "new");
}

TEST_F(OldDeliveryTest, WhatIsNotKnownComesAgain) {
  const auto outcome = Outcome("unknown", "a.triggered");

  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(outcome->retry().reason(), HasSubstr("no stream"));
  EXPECT_GT(outcome->retry().delay().seconds(), 0);
  EXPECT_THAT(metrics_.Text(), HasSubstr("old_deliveries_total{result=\"unknown\"} 1\n"));
}

TEST_F(OldDeliveryTest, TypesThatAreNotAnsweredAreNotLookedUp) {
  EXPECT_EQ(Outcome("answered", "a.finished"), std::nullopt);
}

}  // namespace
}  // namespace jobexec::intake
