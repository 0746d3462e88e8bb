#include "scheduler/canceller.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/runs/names.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using jobexecutor::v1::CancelledEvent;
using jobexecutor::v1::CancelRunsRequest;
using jobexecutor::v1::CancelRunsResponse;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;

class CancellerTest : public ::testing::Test {
 protected:
  // An event with two matching actions.
  Json AnchorOf(const std::string& id, const std::string& context = "ctx") {
    runs::EventFacts facts;
    facts.keptn_context = context;
    const std::string hash = runs::EventHash("s", id);
    return {{"metadata",
             {{"name", runs::AnchorName(hash)},
              {"finalizers", {runs::kAnswerFinalizer}},
              {"labels",
               {{runs::kInstallationLabel, "inst"},
                {runs::kEventLabel, hash},
                {runs::kRoleLabel, "anchor"},
                {runs::kContextLabel, runs::LabelValue(context)}}},
              {"annotations",
               {{runs::kEventSourceAnnotation, "s"},
                {runs::kEventIdAnnotation, id},
                {runs::kEventTypeAnnotation, "t"},
                {runs::kPhaseAnnotation, "released"},
                {runs::kTtlAnnotation, "600"},
                {runs::kLedgerAnnotation, "-"},
                {runs::kFactsAnnotation, runs::FormatFacts(facts)},
                {runs::kManifestAnnotation,
                 runs::FormatManifest({{.job = "a", .action = 0, .task = 1},
                                       {.job = "b", .action = 0, .task = 2},
                                       {.job = "c", .action = 1, .task = 1}})}}}}}};
  }
  Json Put(Json job) { return kube_.Put(jobs_, std::move(job)); }
  Json Stored(const std::string& id) {
    return kube_.Find(jobs_, runs::AnchorName(runs::EventHash("s", id)));
  }
  std::vector<runs::Cancel> CancelsOf(const std::string& id) {
    return runs::ReadJob(Stored(id))->cancels;
  }

  static CancelRunsRequest ByEvent(const std::string& id) {
    CancelRunsRequest request;
    request.mutable_event()->set_source("s");
    request.mutable_event()->set_id(id);
    request.set_requested_by("alice");
    request.set_reason("wrong build");
    return request;
  }
  static CancelRunsRequest ByRun(const std::string& name) {
    CancelRunsRequest request;
    request.set_run(name);
    return request;
  }
  static CancelRunsRequest ByContext(const std::string& context) {
    CancelRunsRequest request;
    request.set_keptn_context(context);
    return request;
  }
  // An event of a sequence in shop/dev/cart, triggered at `time`, whose second action is silent.
  Json OfSequence(const std::string& id, absl::Time time, const std::string& stage = "dev") {
    runs::EventFacts facts;
    facts.keptn_context = "ctx";
    facts.project = "shop";
    facts.stage = stage;
    facts.service = "cart";
    facts.time = time;
    Json anchor = AnchorOf(id);
    Json& annotations = anchor["metadata"]["annotations"];
    annotations[runs::kFactsAnnotation] = runs::FormatFacts(facts);
    annotations[runs::kManifestAnnotation] =
        runs::FormatManifest({{.job = "a", .action = 0, .task = 1},
                              {.job = "b", .action = 1, .task = 1, .silent = true},
                              {.job = "c", .action = 2, .task = 1}});
    return anchor;
  }
  static CancelRunsRequest BySequence(absl::Time before, bool include_silent = false) {
    CancelRunsRequest request;
    auto& sequence = *request.mutable_sequence();
    sequence.set_keptn_context("ctx");
    sequence.set_project("shop");
    sequence.set_stage("dev");
    sequence.set_service("cart");
    sequence.mutable_before()->set_seconds(absl::ToUnixSeconds(before));
    sequence.set_include_silent(include_silent);
    return request;
  }
  std::vector<std::string> IdsOf(const CancelRunsRequest& request) {
    const auto response = Cancel(request);
    std::vector<std::string> ids;
    if (!response.ok()) return ids;
    for (const auto& event : response->events()) ids.push_back(event.event().id());
    return ids;
  }
  static std::string RunOf(const std::string& id, int action) {
    return runs::RunName(runs::EventHash("s", id), action);
  }

  absl::StatusOr<CancelRunsResponse> Cancel(const CancelRunsRequest& request) {
    return canceller_.Cancel(request, clock_.TimeNow() + absl::Seconds(30));
  }
  CancelledEvent::Result ResultOf(const CancelRunsRequest& request) {
    const auto response = Cancel(request);
    EXPECT_THAT(response, IsOk());
    if (!response.ok() || response->events_size() != 1) return CancelledEvent::RESULT_UNSPECIFIED;
    return response->events(0).result();
  }

  const kube::Collection jobs_ = kube::Jobs("home");
  testing::FakeClock clock_;
  testing::FakeKubeClient kube_{clock_};
  Canceller canceller_{{.installation = "inst", .job_namespace = "home"}, kube_, clock_};
};

TEST_F(CancellerTest, MarksAnEventWithWhoWhyAndWhen) {
  Put(AnchorOf("1"));

  const auto response = Cancel(ByEvent("1"));

  ASSERT_THAT(response, IsOk());
  ASSERT_THAT(response->events(), SizeIs(1));
  EXPECT_EQ(response->events(0).event().source(), "s");
  EXPECT_EQ(response->events(0).event().id(), "1");
  EXPECT_EQ(response->events(0).result(), CancelledEvent::RESULT_MARKED);
  EXPECT_THAT(response->events(0).runs(), ElementsAre(RunOf("1", 0), RunOf("1", 1)));
  EXPECT_THAT(CancelsOf("1"), ElementsAre(runs::Cancel{
                                  .by = "alice", .why = "wrong build", .time = clock_.TimeNow()}));
  EXPECT_EQ(kube_.Count("get"), 1);
  EXPECT_EQ(kube_.Count("patch"), 1);
  EXPECT_EQ(kube_.Count("list"), 0) << "needs no right to list";
}

TEST_F(CancellerTest, ARepeatMarksNothing) {
  Put(AnchorOf("1"));
  EXPECT_EQ(ResultOf(ByEvent("1")), CancelledEvent::RESULT_MARKED);
  EXPECT_EQ(ResultOf(ByEvent("1")), CancelledEvent::RESULT_ALREADY_CANCELLED);
  EXPECT_EQ(ResultOf(ByRun(RunOf("1", 1))), CancelledEvent::RESULT_ALREADY_CANCELLED);
  EXPECT_EQ(kube_.Count("patch"), 1);
}

TEST_F(CancellerTest, ARunIsCancelledAlone) {
  Put(AnchorOf("1"));

  const auto response = Cancel(ByRun(RunOf("1", 1)));

  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(response->events(0).runs(), ElementsAre(RunOf("1", 1)));
  EXPECT_EQ(runs::FindCancel(CancelsOf("1"), 0), nullptr);
  EXPECT_NE(runs::FindCancel(CancelsOf("1"), 1), nullptr);
  EXPECT_EQ(ResultOf(ByEvent("1")), CancelledEvent::RESULT_MARKED) << "the rest of the event";
  EXPECT_THAT(CancelsOf("1"), SizeIs(2));
}

TEST_F(CancellerTest, AMarkThatComesInBetweenIsNotLost) {
  Put(AnchorOf("1"));
  EXPECT_EQ(ResultOf(ByRun(RunOf("1", 0))), CancelledEvent::RESULT_MARKED);
  kube_.FailNext("patch", absl::InvalidArgumentError("the test failed"));
  EXPECT_EQ(ResultOf(ByRun(RunOf("1", 1))), CancelledEvent::RESULT_MARKED);

  EXPECT_THAT(CancelsOf("1"), SizeIs(2));
  const Json patch = kube_.Calls().back().object;
  EXPECT_EQ(patch[1]["op"], "test");
  EXPECT_EQ(patch[1]["path"], runs::AnnotationPath(runs::kCancelAnnotation));
  EXPECT_EQ(kube_.Calls()[1].object[1]["path"], "/metadata/resourceVersion");
}

TEST_F(CancellerTest, AContextSelectsExactlyItsEvents) {
  Put(AnchorOf("1", "ctx/a"));
  Put(AnchorOf("2", "ctx/a"));
  Put(AnchorOf("3", "ctx_a"));  // the same label value
  Json member = AnchorOf("4", "ctx/a");
  member["metadata"]["labels"][runs::kRoleLabel] = "member";
  Put(member);
  Json foreign = AnchorOf("5", "ctx/a");
  foreign["metadata"]["labels"][runs::kInstallationLabel] = "other";
  Put(foreign);

  const auto response = Cancel(ByContext("ctx/a"));

  ASSERT_THAT(response, IsOk());
  std::vector<std::string> ids;
  for (const auto& event : response->events()) ids.push_back(event.event().id());
  EXPECT_THAT(ids, UnorderedElementsAre("1", "2"));
  EXPECT_THAT(CancelsOf("3"), IsEmpty());
  EXPECT_EQ(kube_.Calls()[0].object["labelSelector"],
            "jobexec.dev/installation=inst,keptn.sh/context=ctx_a");
}

TEST_F(CancellerTest, ASequenceSelectsWhatItLeftBehind) {
  const absl::Time end = clock_.TimeNow();
  Put(OfSequence("before", end - absl::Seconds(1)));
  Put(OfSequence("at the end", end));
  Put(OfSequence("next sequence of the stage", end + absl::Seconds(1)));
  Put(OfSequence("next stage", end - absl::Seconds(1), "prod"));
  Json no_time = OfSequence("no time", absl::InfinitePast());
  no_time["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z";
  Put(no_time);
  Put(AnchorOf("no scope"));

  EXPECT_THAT(IdsOf(BySequence(end)), UnorderedElementsAre("before", "no time"));

  EXPECT_EQ(kube_.Count("list"), 1);
  EXPECT_EQ(kube_.Count("patch"), 2);
  EXPECT_THAT(Cancel(BySequence(end - absl::Hours(1000'000))),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("ctx")));
}

TEST_F(CancellerTest, OfASequenceOnlyTheRunsThatOweAnAnswerAreCancelled) {
  const absl::Time end = clock_.TimeNow();
  Put(OfSequence("mixed", end - absl::Seconds(1)));
  Json silent = OfSequence("silent", end - absl::Seconds(1));
  silent["metadata"]["annotations"][runs::kLedgerAnnotation] = "none";
  Put(silent);
  Json answered = OfSequence("answered", end - absl::Seconds(1));
  answered["metadata"]["annotations"][runs::kLedgerAnnotation] = "f:9";
  Put(answered);

  const auto response = Cancel(BySequence(end));

  ASSERT_THAT(response, IsOk());
  ASSERT_THAT(response->events(), SizeIs(1));
  EXPECT_THAT(response->events(0).runs(), ElementsAre(RunOf("mixed", 0), RunOf("mixed", 2)));
  EXPECT_EQ(runs::FindCancel(CancelsOf("mixed"), 1), nullptr);
  EXPECT_EQ(kube_.Count("patch"), 1) << "both marks at once";
  EXPECT_EQ(ResultOf(BySequence(end)), CancelledEvent::RESULT_ALREADY_CANCELLED);
  EXPECT_THAT(CancelsOf("mixed"), SizeIs(2));
}

TEST_F(CancellerTest, AnAbortedSequenceTakesItsSilentRunsAlong) {
  const absl::Time end = clock_.TimeNow();
  Put(OfSequence("mixed", end - absl::Seconds(1)));
  Json silent = OfSequence("silent", end - absl::Seconds(1));
  silent["metadata"]["annotations"][runs::kLedgerAnnotation] = "none";
  Put(silent);

  EXPECT_THAT(IdsOf(BySequence(end, /*include_silent=*/true)),
              UnorderedElementsAre("mixed", "silent"));

  EXPECT_THAT(CancelsOf("mixed"),
              ElementsAre(runs::Cancel{.time = clock_.TimeNow(), .sequence_ended = true}));
  EXPECT_THAT(CancelsOf("silent"), SizeIs(1));
}

TEST_F(CancellerTest, WhatIsUnknownIsNotFound) {
  Json foreign = AnchorOf("1");
  foreign["metadata"]["labels"][runs::kInstallationLabel] = "other";
  Put(foreign);
  Put(AnchorOf("2"));

  EXPECT_THAT(Cancel(ByEvent("0")), StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"0\"")));
  EXPECT_THAT(Cancel(ByEvent("1")), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(Cancel(ByRun(RunOf("0", 0))), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(Cancel(ByRun(RunOf("2", 7))), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(Cancel(ByContext("nope")), StatusIs(absl::StatusCode::kNotFound, HasSubstr("nope")));
  EXPECT_EQ(kube_.Count("patch"), 0);
}

TEST_F(CancellerTest, WhatHasEndedIsNotMarked) {
  const auto end = [](Json job) {
    job["status"]["conditions"] = {{{"type", "Complete"}, {"status", "True"}}};
    return job;
  };
  const auto let_go = [](Json job) {
    job["metadata"].erase("finalizers");
    return job;
  };
  const auto with_ledger = [](Json job, const char* ledger) {
    job["metadata"]["annotations"][runs::kLedgerAnnotation] = ledger;
    return job;
  };
  Json refused = AnchorOf("refused");
  refused["metadata"]["annotations"][runs::kRefusalAnnotation] = runs::FormatRefusal({});
  Json deleted = let_go(with_ledger(AnchorOf("deleted"), "none"));
  deleted["metadata"]["deletionTimestamp"] = "2024-03-01T10:00:00Z";
  Put(refused);
  Put(deleted);
  Put(let_go(with_ledger(AnchorOf("answered"), "f:9")));
  Put(end(let_go(with_ledger(AnchorOf("silent, ended"), "none"))));
  Put(let_go(with_ledger(AnchorOf("silent, runs"), "none")));
  Put(with_ledger(AnchorOf("answered, silent run goes on"), "f:9"));
  Put(end(AnchorOf("first task ended")));

  for (const char* id : {"refused", "deleted", "answered", "silent, ended"}) {
    EXPECT_EQ(ResultOf(ByEvent(id)), CancelledEvent::RESULT_ENDED) << id;
  }
  for (const char* id : {"silent, runs", "answered, silent run goes on", "first task ended"}) {
    EXPECT_EQ(ResultOf(ByEvent(id)), CancelledEvent::RESULT_MARKED) << id;
  }
}

TEST_F(CancellerTest, NamesBadRequests) {
  CancelRunsRequest long_reason = ByEvent("1");
  long_reason.set_reason(std::string(1025, 'x'));
  CancelRunsRequest long_name = ByEvent("1");
  long_name.set_requested_by(std::string(257, 'x'));
  CancelRunsRequest no_stage = BySequence(clock_.TimeNow());
  no_stage.mutable_sequence()->clear_stage();
  CancelRunsRequest no_time = BySequence(clock_.TimeNow());
  no_time.mutable_sequence()->clear_before();
  const std::pair<CancelRunsRequest, const char*> cases[] = {
      {CancelRunsRequest(), "event, keptn_context, run or sequence"},
      {no_stage, "sequence.stage"},
      {no_time, "sequence.before"},
      {ByEvent(""), "event.id"},
      {ByContext(""), "keptn_context"},
      {ByRun("x"), "24 hex digits"},
      {ByRun(RunOf("1", 0) + "0"), "24 hex digits"},
      {ByRun("gggggggggggggggggggggggg-000"), "24 hex digits"},
      {long_reason, "reason has 1025 bytes"},
      {long_name, "requested_by has 257 bytes"},
  };
  for (const auto& [request, message] : cases) {
    EXPECT_THAT(Cancel(request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }
  EXPECT_THAT(kube_.Calls(), IsEmpty());
}

TEST_F(CancellerTest, AnApiThatDoesNotAnswerIsNotTakenForNoEvent) {
  Put(AnchorOf("1"));
  for (const char* verb : {"get", "patch"}) {
    kube_.FailNext(verb, absl::UnavailableError("down"));
    EXPECT_THAT(Cancel(ByEvent("1")), StatusIs(absl::StatusCode::kUnavailable, _)) << verb;
  }
  kube_.FailNext("list", absl::UnavailableError("down"));
  EXPECT_THAT(Cancel(ByContext("ctx")), StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_THAT(CancelsOf("1"), IsEmpty());
}

TEST_F(CancellerTest, GivesUpAfterManyFailedTests) {
  Put(AnchorOf("1"));
  kube_.FailNext("patch", absl::InvalidArgumentError("the test failed"), 100);
  EXPECT_THAT(Cancel(ByEvent("1")), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("repeat")));
  EXPECT_EQ(kube_.Count("patch"), 10);
}

TEST_F(CancellerTest, NothingBeginsAfterTheDeadline) {
  Put(AnchorOf("1"));
  EXPECT_THAT(canceller_.Cancel(ByEvent("1"), clock_.TimeNow()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_THAT(kube_.Calls(), IsEmpty());
}

}  // namespace
}  // namespace jobexec::scheduler
