#include "intake/offer_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stepped_clock.h"
#include "tests/unit/intake/fake_keptn.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr char kDeploy[] = "sh.keptn.event.deploy.triggered";
constexpr char kTest[] = "sh.keptn.event.test.triggered";

// A scheduler that answers at once, or holds an event until the test answers it. Thread-safe.
class ScriptedLink final : public SchedulerLink {
 public:
  void Submit(EventSubmission submission, Callback done) override {
    EventOutcome outcome;
    {
      absl::MutexLock lock(&mutex_);
      const std::string id = submission.event().id();
      submissions_.push_back(std::move(submission));
      if (holding_) {
        held_.emplace_back(id, std::move(done));
        return;
      }
      outcome = outcome_;
    }
    std::move(done)(std::move(outcome));
  }

  void Hold() {
    absl::MutexLock lock(&mutex_);
    holding_ = true;
  }
  void Release() {
    std::vector<std::pair<std::string, Callback>> held;
    EventOutcome outcome;
    {
      absl::MutexLock lock(&mutex_);
      holding_ = false;
      held = std::exchange(held_, {});
      outcome = outcome_;
    }
    for (auto& [id, done] : held) std::move(done)(outcome);
  }
  void AnswerWith(EventOutcome outcome) {
    absl::MutexLock lock(&mutex_);
    outcome_ = std::move(outcome);
  }
  std::vector<EventSubmission> Submissions() {
    absl::MutexLock lock(&mutex_);
    return submissions_;
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const EventSubmission& submission : Submissions()) ids.push_back(submission.event().id());
    return ids;
  }

 private:
  static EventOutcome Accepted() {
    EventOutcome outcome;
    outcome.mutable_accepted();
    return outcome;
  }

  absl::Mutex mutex_;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  EventOutcome outcome_ ABSL_GUARDED_BY(mutex_) = Accepted();
  std::vector<EventSubmission> submissions_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::string, Callback>> held_ ABSL_GUARDED_BY(mutex_);
};

class OfferSourceTest : public ::testing::Test {
 protected:
  OfferSourceTest() { Subscribe({{.event = kDeploy}}); }
  ~OfferSourceTest() override {
    link_.Release();
    Stop();
  }

  void Subscribe(const std::vector<keptn::Subscription>& list) { subscriptions_.Set("uid", list); }
  Json Offer(const std::string& id, const std::string& type = kDeploy,
             const std::string& stage = "dev", absl::Duration age = absl::ZeroDuration()) {
    return {
        {"specversion", "1.0"},
        {"id", id},
        {"source", "shipyard-controller"},
        {"type", type},
        {"shkeptncontext", "ctx"},
        {"time", absl::FormatTime(absl::RFC3339_full, clock_.TimeNow() - age, absl::UTCTimeZone())},
        {"data", {{"project", "shop"}, {"stage", stage}, {"service", "cart"}}}};
  }

  void Start() {
    thread_ = std::thread([this] { source_.Run(stop_); });
  }
  void Stop() {
    if (!thread_.joinable()) return;
    stop_.Notify();
    thread_.join();
  }
  // Time goes on until it is so.
  bool WaitFor(const std::function<bool()>& condition) {
    return testing::PollUntil(
        [&] {
          clock_.Advance(absl::Seconds(1));
          return condition();
        },
        absl::Seconds(30));
  }
  // Some complete rounds go by.
  void WaitRounds(size_t rounds = 3) {
    keptn_.TakeCalls();
    size_t seen = 0;
    ASSERT_TRUE(WaitFor([&] {
      seen += keptn_.TakeCalls().size();
      return seen > rounds;
    }));
  }
  bool WaitForIds(const std::vector<std::string>& ids) {
    return WaitFor([&] { return link_.Ids() == ids; });
  }

  testing::SteppedClock clock_;
  FakeKeptn keptn_{clock_};
  Metrics metrics_;
  Subscriptions subscriptions_;
  ScriptedLink link_;
  Dispatcher dispatcher_{link_, {.max_in_flight = 3}, clock_, metrics_};
  std::atomic<bool> may_poll_ = true;
  OfferSource source_{
      {},     keptn_,  subscriptions_, dispatcher_, [this] { return may_poll_.load(); },
      clock_, metrics_};
  absl::Notification stop_;
  std::thread thread_;
};

TEST_F(OfferSourceTest, SubmitsOffersOldestFirst) {
  keptn_.SetOffers(kDeploy, {Offer("newer"), Offer("older")});
  Start();

  ASSERT_TRUE(WaitForIds({"older", "newer"}));

  const EventSubmission submission = link_.Submissions()[0];
  EXPECT_EQ(submission.via(), EventSubmission::VIA_KEPTN);
  EXPECT_EQ(submission.integration_id(), "uid");
  EXPECT_EQ(submission.event().type(), kDeploy);
  EXPECT_TRUE(WaitFor([this] { return source_.Check().ok(); }));
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_open_offers 2\n"));
}

TEST_F(OfferSourceTest, AnOpenOfferIsSubmittedOnce) {
  keptn_.SetOffers(kDeploy, {Offer("1")});
  Start();
  ASSERT_TRUE(WaitForIds({"1"}));

  WaitRounds(10);

  EXPECT_THAT(link_.Ids(), ElementsAre("1"));
}

TEST_F(OfferSourceTest, OneThatVanishedAndCameBackIsSubmittedAgain) {
  keptn_.SetOffers(kDeploy, {Offer("1")});
  Start();
  ASSERT_TRUE(WaitForIds({"1"}));
  keptn_.SetOffers(kDeploy, {});
  WaitRounds();
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_open_offers 0\n"));

  keptn_.SetOffers(kDeploy, {Offer("1")});

  EXPECT_TRUE(WaitForIds({"1", "1"})) << "nothing is kept of what is not listed";
}

TEST_F(OfferSourceTest, ARetryComesAgainAfterItsDelay) {
  link_.AnswerWith(RetryOutcome(absl::Seconds(30), "no scheduler"));
  keptn_.SetOffers(kDeploy, {Offer("1")});
  Start();
  ASSERT_TRUE(WaitForIds({"1"}));
  const absl::Duration before = clock_.Elapsed();
  ASSERT_TRUE(WaitForIds({"1", "1"}));
  EXPECT_GE(clock_.Elapsed() - before, absl::Seconds(25));

  EventOutcome ignored;
  ignored.mutable_ignored()->set_reason("no action matches");
  link_.AnswerWith(ignored);
  ASSERT_TRUE(WaitForIds({"1", "1", "1"}));
  WaitRounds(10);
  EXPECT_THAT(link_.Ids(), SizeIs(3));
}

TEST_F(OfferSourceTest, OneThatIsBeingSubmittedIsLeftAlone) {
  link_.Hold();
  keptn_.SetOffers(kDeploy, {Offer("1")});
  Start();
  ASSERT_TRUE(WaitForIds({"1"}));
  WaitRounds(5);
  keptn_.SetOffers(kDeploy, {});
  WaitRounds(5);
  keptn_.SetOffers(kDeploy, {Offer("1")});
  WaitRounds(5);

  EXPECT_THAT(link_.Ids(), ElementsAre("1"));
}

TEST_F(OfferSourceTest, FiltersAreAppliedHere) {
  Subscribe({{.event = kDeploy, .filter = {.stages = {"dev", "qa"}}}});
  keptn_.SetOffers(kDeploy, {Offer("prod", kDeploy, "prod"), Offer("qa", kDeploy, "qa"),
                             Offer("dev", kDeploy, "dev")});
  Start();

  EXPECT_TRUE(WaitForIds({"dev", "qa"}));
  WaitRounds();
  EXPECT_THAT(link_.Ids(), SizeIs(2));
}

TEST_F(OfferSourceTest, OverlappingSubscriptionsCostOneSubmissionAndOneList) {
  Subscribe({{.event = kDeploy, .filter = {.projects = {"shop"}}},
             {.event = kDeploy, .filter = {.stages = {"dev"}}},
             {.event = kDeploy}});
  keptn_.SetOffers(kDeploy, {Offer("1")});
  Start();
  ASSERT_TRUE(WaitForIds({"1"}));

  EXPECT_EQ(keptn_.TakeCalls()[0],
            absl::StrCat("GET /v1/event/triggered/", kDeploy, "?pageSize=1000"));
  WaitRounds();
  EXPECT_THAT(link_.Ids(), SizeIs(1));
}

TEST_F(OfferSourceTest, AChangedSubscriptionTakesEffectWithTheNextRound) {
  keptn_.SetOffers(kDeploy, {Offer("deploy")});
  keptn_.SetOffers(kTest, {Offer("test", kTest)});
  Start();
  ASSERT_TRUE(WaitForIds({"deploy"}));

  Subscribe({{.event = kTest}});

  EXPECT_TRUE(WaitForIds({"deploy", "test"}));
}

TEST_F(OfferSourceTest, OnlyWhatThereIsRoomForIsTaken) {
  link_.Hold();
  keptn_.SetOffers(kDeploy, {Offer("5"), Offer("4"), Offer("3"), Offer("2"), Offer("1")});
  Start();
  ASSERT_TRUE(WaitForIds({"1", "2", "3"}));
  keptn_.TakeCalls();
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(keptn_.TakeCalls(), IsEmpty()) << "nothing is asked for without room";

  link_.Release();

  EXPECT_TRUE(WaitForIds({"1", "2", "3", "4", "5"}));
}

TEST_F(OfferSourceTest, OnlyTheHolderOfTheLeasePolls) {
  may_poll_ = false;
  keptn_.SetOffers(kDeploy, {Offer("1")});
  Start();
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(source_.Check(), IsOk());
  EXPECT_THAT(keptn_.TakeCalls(), IsEmpty());

  may_poll_ = true;

  EXPECT_TRUE(WaitForIds({"1"}));
}

TEST_F(OfferSourceTest, KeptnMayBeAway) {
  keptn_.FailAll(absl::UnavailableError("connection refused"));
  keptn_.SetOffers(kDeploy, {Offer("1")});
  Start();
  size_t calls = 0;
  ASSERT_TRUE(WaitFor([&] { return (calls += keptn_.TakeCalls().size()) >= 2; }));
  EXPECT_THAT(source_.Check(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("polling Keptn")));

  keptn_.FailAll(absl::OkStatus());

  EXPECT_TRUE(WaitForIds({"1"}));
  EXPECT_TRUE(WaitFor([this] { return source_.Check().ok(); }));
}

TEST_F(OfferSourceTest, AMissingProjectOffersNothing) {
  Subscribe({{.event = kDeploy, .filter = {.projects = {"gone"}}}});
  keptn_.Fail("GET", absl::NotFoundError("404 project not found"));
  Start();
  WaitRounds();
  EXPECT_TRUE(WaitFor([this] { return source_.Check().ok(); }));
}

TEST_F(OfferSourceTest, NotFoundWithoutAProjectIsATrouble) {
  keptn_.Fail("GET", absl::NotFoundError("404"));
  Start();
  EXPECT_TRUE(WaitFor([this] { return absl::IsNotFound(source_.Check()); }));
}

TEST_F(OfferSourceTest, WhatCannotBePolledIsLeftOut) {
  Subscribe({{.event = "sh.keptn.event.*.triggered"},
             {.event = "sh.keptn.>"},
             {.event = "sh.keptn.event.deploy.finished"},
             {.event = kDeploy}});
  keptn_.SetOffers(kDeploy, {Offer("1")});
  Start();
  ASSERT_TRUE(WaitForIds({"1"}));

  for (const std::string& call : keptn_.TakeCalls()) EXPECT_THAT(call, HasSubstr(kDeploy));
}

TEST_F(OfferSourceTest, WhatIsNoEventIsLeftOut) {
  Json broken = Offer("broken");
  broken["source"] = "";
  keptn_.SetOffers(kDeploy, {Offer("1"), broken});
  Start();

  EXPECT_TRUE(WaitForIds({"1"}));
  EXPECT_TRUE(WaitFor([this] { return source_.Check().ok(); }));
}

TEST_F(OfferSourceTest, NothingIsPolledBeforeTheSubscriptionsAreKnown) {
  Subscriptions unknown;
  OfferSource source(
      {}, keptn_, unknown, dispatcher_, [] { return true; }, clock_, metrics_);
  absl::Notification stop;
  std::thread thread([&] { source.Run(stop); });
  EXPECT_TRUE(WaitFor(
      [&] { return source.Check().message().find("not known yet") != absl::string_view::npos; }));
  stop.Notify();
  thread.join();
  EXPECT_THAT(keptn_.TakeCalls(), IsEmpty());
}

// Looks for answers; remembers what it was asked.
class FakeAnswered final : public Answered {
 public:
  absl::StatusOr<bool> WasAnswered(const Delivery& delivery) override {
    absl::MutexLock lock(&mutex_);
    asked_.push_back(delivery.event.id());
    return delivery.event.id() == "answered";
  }
  std::vector<std::string> Asked() {
    absl::MutexLock lock(&mutex_);
    return asked_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(OfferSourceTest, OldOffersAreLookedUpUnlessTheyWereHandedOverHere) {
  FakeAnswered answered;
  OldDeliveries old(answered, {}, metrics_);
  Dispatcher dispatcher(link_, {}, clock_, metrics_, &old);
  OfferSource source(
      {}, keptn_, subscriptions_, dispatcher, [] { return true; }, clock_, metrics_);
  link_.AnswerWith(RetryOutcome(absl::Seconds(1), "no scheduler"));
  keptn_.SetOffers(kDeploy, {Offer("young"), Offer("answered", kDeploy, "dev", absl::Minutes(2)),
                             Offer("old", kDeploy, "dev", absl::Minutes(2))});
  absl::Notification stop;
  std::thread thread([&] { source.Run(stop); });

  // The young one grows old while it is retried.
  ASSERT_TRUE(WaitFor([&] { return link_.Ids().size() > 200; }));
  stop.Notify();
  thread.join();
  old.Stop();

  const std::vector<std::string> asked = answered.Asked();
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "answered"), 1);
  EXPECT_GT(std::count(asked.begin(), asked.end(), "old"), 1) << "it may have run before each time";
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "young"), 0);
  for (const std::string& id : link_.Ids()) EXPECT_NE(id, "answered");
}

TEST_F(OfferSourceTest, AnOldOfferForWhichThereWasNoRoomIsStillLookedUp) {
  FakeAnswered answered;
  OldDeliveries old(answered, {}, metrics_);
  Dispatcher dispatcher(link_, {.max_in_flight = 1}, clock_, metrics_, &old);
  OfferSource source(
      {}, keptn_, subscriptions_, dispatcher, [] { return true; }, clock_, metrics_);
  link_.Hold();
  keptn_.SetOffers(kDeploy, {Offer("answered", kDeploy, "dev", absl::Minutes(2)),
                             Offer("first", kDeploy, "dev", absl::Minutes(3))});
  absl::Notification stop;
  std::thread thread([&] { source.Run(stop); });
  ASSERT_TRUE(WaitForIds({"first"}));

  link_.Release();

  EXPECT_TRUE(WaitFor([&] { return answered.Asked().size() == 2; }));
  stop.Notify();
  thread.join();
  old.Stop();
  EXPECT_THAT(link_.Ids(), ElementsAre("first"));
}

}  // namespace
}  // namespace jobexec::intake
