#include "reporter/offer_watch.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_kube_client.h"
#include "tests/unit/reporter/harness.h"
#include "tests/unit/reporter/scripted_api.h"

namespace jobexec::reporter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using namespace testing;  // NOLINT: builders of this folder

TEST(AbsentOffers, AreGoneAfterTwoAnswersFarEnoughApart) {
  AbsentOffers absent;
  const struct {
    const char* hash;
    bool present;
    int elapsed;
    bool gone;
  } answers[] = {
      {"a", false, 0, false},  {"b", true, 0, false},   {"a", false, 9, false},
      {"a", false, 10, true},  {"b", false, 10, false}, {"b", true, 15, false},
      {"b", false, 20, false}, {"b", false, 29, false}, {"b", false, 30, true},
  };
  for (const auto& answer : answers) {
    SCOPED_TRACE(absl::StrCat(answer.hash, " at ", answer.elapsed));
    EXPECT_EQ(absent.Note(answer.hash, answer.present, absl::Seconds(answer.elapsed)), answer.gone);
  }
  absent.Retain({"b"});
  EXPECT_FALSE(absent.Note("a", false, absl::Seconds(40))) << "forgotten";
  EXPECT_TRUE(absent.Note("b", false, absl::Seconds(40)));
}

// An event with a hash of its own.
JobView Offered(const std::string& id, const std::string& type = "deploy") {
  JobView anchor = Anchor({Entry(0, 1)});
  anchor.record.facts.id = id;
  anchor.record.facts.type = absl::StrCat("sh.keptn.event.", type, ".triggered");
  anchor.record.facts.via = runs::Via::kKeptn;
  anchor.record.event_hash = runs::EventHash("src", id);
  anchor.record.name = runs::AnchorName(anchor.record.event_hash);
  anchor.record.uid = absl::StrCat("uid-", id);
  anchor.record.ledger.state = runs::Ledger::State::kStarted;
  return anchor;
}

class OfferWatchTest : public ::testing::Test {
 protected:
  OfferWatchTest()
      : api_([this](const keptn::Call& call) { return Answer(call); }),
        kube_(clock_),
        metrics_(registry_),
        watch_({api_, kube_, store_, metrics_, clock_, [this] { return acts_; }}) {}

  // As the controller answers.
  absl::StatusOr<std::string> Answer(const keptn::Call& call) const {
    if (!failure_.ok()) return failure_;
    const bool of_one = absl::StrContains(call.path, "eventID=");
    Json events = Json::array();
    for (const std::string& id : of_one ? all_offers_ : listed_offers_) {
      if (of_one && !absl::StrContains(call.path, "eventID=" + id)) continue;
      events.push_back({{"id", id},
                        {"source", "shipyard-controller"},
                        {"type", "sh.keptn.event.deploy.triggered"},
                        {"specversion", "1.0"},
                        {"data", Json::object()}});
    }
    return Json({{"events", events}, {"totalCount", of_one ? events.size() : all_offers_.size()}})
        .dump();
  }

  void Offer(const std::set<std::string>& ids) { all_offers_ = listed_offers_ = ids; }

  void Put(const JobView& anchor) {
    Json job = JobJson(anchor);
    job["metadata"]["labels"][runs::kEventLabel] = anchor.record.event_hash;
    store_.ApplyJob(*ReadJobView(kube_.Put(kube::Jobs("jobs"), job)), false);
  }

  // Looks as often as Run does.
  void LookTwice() {
    watch_.Look();
    clock_.Advance(kOfferGap);
    watch_.Look();
  }

  std::vector<runs::Cancel> CancelsOf(const JobView& anchor) const {
    const Json job = kube_.Find(kube::Jobs("jobs"), anchor.record.name);
    return job.is_null() ? std::vector<runs::Cancel>() : runs::ReadJob(job)->cancels;
  }

  std::set<std::string> all_offers_;
  std::set<std::string> listed_offers_;  // those that one page holds
  absl::Status failure_;
  bool acts_ = true;
  jobexec::testing::FakeClock clock_;
  ScriptedApi api_;
  jobexec::testing::FakeKubeClient kube_;
  Store store_;
  prometheus::Registry registry_;
  Metrics metrics_;
  OfferWatch watch_;
};

TEST_F(OfferWatchTest, AnEventThatVanishedIsCancelled) {
  Put(Offered("a"));
  Put(Offered("b"));
  Offer({"b"});

  EXPECT_TRUE(watch_.Look());
  EXPECT_THAT(CancelsOf(Offered("a")), IsEmpty()) << "once is not enough";
  clock_.Advance(kOfferGap);
  EXPECT_TRUE(watch_.Look());

  ASSERT_THAT(CancelsOf(Offered("a")), SizeIs(1));
  const runs::Cancel cancel = CancelsOf(Offered("a"))[0];
  EXPECT_EQ(cancel.by, "keptn");
  EXPECT_EQ(cancel.action, -1);
  EXPECT_EQ(cancel.time, clock_.TimeNow());
  EXPECT_TRUE(cancel.sequence_ended);
  EXPECT_THAT(CancelsOf(Offered("b")), IsEmpty());
}

TEST_F(OfferWatchTest, AsksOncePerTypeAndOnlyIfSomethingWaits) {
  EXPECT_TRUE(watch_.Look());
  EXPECT_THAT(api_.calls(), IsEmpty());

  for (const char* id : {"a", "b", "c"}) Put(Offered(id));
  Put(Offered("d", "test"));
  Offer({"a", "b", "c", "d"});
  EXPECT_TRUE(watch_.Look());

  EXPECT_EQ(api_.Count("/v1/event/triggered/sh.keptn.event.deploy.triggered"), 1);
  EXPECT_EQ(api_.Count("/v1/event/triggered/sh.keptn.event.test.triggered"), 1);
  EXPECT_THAT(api_.calls(), SizeIs(2));
  EXPECT_EQ(kube_.Count("get"), 0);
}

TEST_F(OfferWatchTest, OnlyWhatWaitsForItsAnswerIsWatched) {
  JobView by_http = Offered("a");
  by_http.record.facts.via = runs::Via::kHttp;
  JobView refused = Offered("b");
  refused.record.refused = true;
  JobView cancelled = Offered("c");
  cancelled.record.cancels = {{.by = "alice"}};
  JobView silent = WithLedger(Offered("d"), "none");
  for (const JobView& anchor : {by_http, refused, silent, WithLedger(Offered("e"), "f"),
                                WithLedger(Offered("g"), "f?1:1700000000000:me")}) {
    Put(anchor);
  }
  store_.ApplyJob(cancelled, false);
  LookTwice();
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(OfferWatchTest, OfSeveralActionsThoseThatOweNothingGoOn) {
  JobView anchor = Offered("a");
  runs::ManifestEntry silent = Entry(1, 1);
  silent.silent = true;
  anchor.record.manifest = {Entry(0, 1), silent};
  Put(anchor);
  LookTwice();
  const std::vector<runs::Cancel> cancels = CancelsOf(anchor);
  EXPECT_NE(runs::FindCancel(cancels, 0), nullptr);
  EXPECT_EQ(runs::FindCancel(cancels, 1), nullptr);
}

TEST_F(OfferWatchTest, AFailedAnswerProvesNothing) {
  Put(Offered("a"));
  watch_.Look();
  failure_ = KeptnError(429);
  clock_.Advance(kOfferGap);
  EXPECT_FALSE(watch_.Look());
  EXPECT_THAT(CancelsOf(Offered("a")), IsEmpty());
  failure_ = absl::OkStatus();
  Offer({"a"});
  LookTwice();
  EXPECT_THAT(CancelsOf(Offered("a")), IsEmpty());
}

TEST_F(OfferWatchTest, IfAPageDoesNotHoldThemAllSingleOnesAreAsked) {
  Put(Offered("a"));
  Put(Offered("b"));
  Put(Offered("c"));
  all_offers_ = {"b", "c"};
  listed_offers_ = {"c"};
  LookTwice();
  EXPECT_THAT(CancelsOf(Offered("a")), SizeIs(1));
  EXPECT_THAT(CancelsOf(Offered("b")), IsEmpty());
  EXPECT_THAT(api_.calls(), SizeIs(6)) << "each time the list, a and b";
}

TEST_F(OfferWatchTest, NotAllAreAskedAtOnceButAllInTheEnd) {
  for (int i = 0; i < 120; ++i) Put(Offered(absl::StrCat("id-", 1000 + i)));
  all_offers_ = {"x", "y"};
  listed_offers_ = {"x"};
  watch_.Look();
  EXPECT_THAT(api_.calls(), SizeIs(51));
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(kOfferGap);
    watch_.Look();
  }
  int cancelled = 0;
  for (int i = 0; i < 120; ++i) {
    cancelled += !CancelsOf(Offered(absl::StrCat("id-", 1000 + i))).empty();
  }
  EXPECT_EQ(cancelled, 120);
}

TEST_F(OfferWatchTest, AnAnswerThatJustWentOutIsNoReasonToCancel) {
  const JobView anchor = Offered("a");
  Put(anchor);
  watch_.Look();
  Json job = kube_.Find(kube::Jobs("jobs"), anchor.record.name);
  job["metadata"]["annotations"][runs::kLedgerAnnotation] = "f?1:1700000000000:me";
  kube_.Put(kube::Jobs("jobs"), job);
  clock_.Advance(kOfferGap);
  EXPECT_TRUE(watch_.Look());
  EXPECT_THAT(CancelsOf(anchor), IsEmpty());
}

TEST_F(OfferWatchTest, WhatCannotBeWrittenIsTriedAgain) {
  Put(Offered("a"));
  watch_.Look();
  clock_.Advance(kOfferGap);
  kube_.FailNext("patch", absl::UnavailableError("busy"));
  EXPECT_FALSE(watch_.Look());
  EXPECT_TRUE(watch_.Look());
  EXPECT_THAT(CancelsOf(Offered("a")), SizeIs(1));
}

TEST_F(OfferWatchTest, WhoMayNotActAsksNobody) {
  Put(Offered("a"));
  acts_ = false;
  absl::Notification stop;
  int rounds = 0;
  OfferWatch watch({api_, kube_, store_, metrics_, clock_, [&] {
                      if (++rounds == 5) stop.Notify();
                      return false;
                    }});
  watch.Run(stop);
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(OfferWatchTest, LooksEveryTenSecondsAndLessOftenWhileKeptnIsAway) {
  Put(Offered("a"));
  Offer({"a"});
  absl::Notification stop;
  std::vector<absl::Time> looks;
  api_.script = [&](const keptn::Call& call) {
    looks.push_back(clock_.TimeNow());
    if (looks.size() == 3) failure_ = KeptnError(503);
    if (looks.size() == 6) stop.Notify();
    return Answer(call);
  };
  const absl::Time start = clock_.TimeNow();
  watch_.Run(stop);
  ASSERT_THAT(looks, SizeIs(6));
  EXPECT_EQ(looks[0] - start, kOfferGap);
  EXPECT_EQ(looks[1] - looks[0], kOfferGap);
  EXPECT_GT(looks[5] - looks[4], kOfferGap);
  EXPECT_LE(looks[5] - looks[4], absl::Minutes(1));
}

}  // namespace
}  // namespace jobexec::reporter
