#include "tests/support/keptn/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json/json.h"
#include "tests/support/fake_clock.h"

namespace jobexec::test_keptn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr char kContext[] = "c0ffee00-0000-4000-8000-000000000001";

std::vector<std::string> TypesOf(const Publications& events) {
  std::vector<std::string> types;
  for (const Json& event : events) types.push_back(json::GetString(event, "type"));
  return types;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    engine_.SetShipyard("shop", SimpleShipyard("dev", "delivery", {"deploy", "test"}));
  }

  static Json Event(const std::string& type, const std::string& id, Json data = {}) {
    data["project"] = "shop";
    data["stage"] = "dev";
    data["service"] = data.value("service", "cart");
    return {{"id", id},
            {"type", type},
            {"source", "tester"},
            {"data", data},
            {"shkeptncontext", kContext}};
  }
  Publications StartDelivery(const std::string& id, Json data = {}) {
    return engine_.Handle(Event("sh.keptn.event.dev.delivery.triggered", id, std::move(data)), 0);
  }
  // An answer to the offer.
  Publications Answer(const Json& offer, const std::string& kind, Json data = {}) {
    std::string type = json::GetString(offer, "type");
    type = type.substr(0, type.rfind('.') + 1) + kind;
    Json event = Event(type, "answer", std::move(data));
    event["triggeredid"] = offer["id"];
    event["shkeptncontext"] = offer["shkeptncontext"];
    return engine_.Handle(event, 0);
  }
  Publications Pass(const Json& offer, Json data = {}) {
    Answer(offer, "started");
    data["result"] = "pass";
    data["status"] = "succeeded";
    return Answer(offer, "finished", std::move(data));
  }
  std::string LastOutcome() { return json::GetString(log_.Entries("event").back(), "outcome"); }

  testing::FakeClock clock_;
  EventLog log_{clock_};
  std::set<std::string> answered_;
  Engine engine_{{},
                 {.is_answered = [this](const std::string& id) { return answered_.contains(id); },
                  .latest_commit =
                      [](const std::string& project, const std::string& stage) {
                        return "commit of " + project + " " + stage;
                      }},
                 clock_,
                 log_};
};

TEST_F(EngineTest, ASequenceGoesFromTaskToTaskToItsEnd) {
  const Publications first = StartDelivery("s1", {{"labels", {{"build", "42"}}}});
  ASSERT_THAT(TypesOf(first), ElementsAre("sh.keptn.event.deploy.triggered"));
  EXPECT_EQ(first[0]["source"], "shipyard-controller");
  EXPECT_EQ(first[0]["gitcommitid"], "commit of shop dev");
  EXPECT_EQ(first[0]["data"]["labels"]["build"], "42");
  EXPECT_FALSE(first[0].contains("triggeredid"));

  const Publications second = Pass(first[0], {{"deploy", {{"url", "http://cart"}}}});
  ASSERT_THAT(TypesOf(second), ElementsAre("sh.keptn.event.test.triggered"));
  EXPECT_EQ(second[0]["data"]["deploy"]["url"], "http://cart");
  EXPECT_EQ(second[0]["data"]["result"], "pass");

  const Publications end = Pass(second[0], {{"message", "fine"}, {"labels", {{"build", "42"}}}});
  ASSERT_THAT(TypesOf(end), ElementsAre("sh.keptn.event.dev.delivery.finished"));
  EXPECT_EQ(end[0]["triggeredid"], "s1");
  EXPECT_EQ(end[0]["data"]["result"], "pass");
  EXPECT_EQ(end[0]["data"]["status"], "succeeded");
  EXPECT_EQ(end[0]["data"]["labels"]["build"], "42");
  EXPECT_EQ(engine_.States("shop", kContext)[0]["state"], "finished");
  EXPECT_THAT(engine_.Offers({.project = "shop"}), IsEmpty());
}

TEST_F(EngineTest, ADoubledStartedHangsTheSequence) {
  const Json offer = StartDelivery("s1")[0];
  Answer(offer, "started");
  Answer(offer, "started");

  EXPECT_THAT(Answer(offer, "finished", {{"result", "pass"}, {"status", "succeeded"}}), IsEmpty());
  const Json entry = log_.Entries("event").back();
  EXPECT_EQ(entry["started"], 2);
  EXPECT_EQ(entry["finished"], 1);
  EXPECT_EQ(entry["complete"], false);
  EXPECT_THAT(engine_.Offers({.project = "shop"}), SizeIs(1));
}

TEST_F(EngineTest, ALateDuplicateFinishedFindsNoOpenTask) {
  const Json offer = StartDelivery("s1")[0];
  Pass(offer);

  EXPECT_THAT(Answer(offer, "finished"), IsEmpty());
  EXPECT_EQ(LastOutcome(), "no open task");
}

TEST_F(EngineTest, AFailedTaskEndsTheSequence) {
  const Json offer = StartDelivery("s1")[0];
  Answer(offer, "started");

  const Publications end = Answer(
      offer, "finished", {{"result", "fail"}, {"status", "errored"}, {"message", "no cluster"}});

  ASSERT_THAT(TypesOf(end), ElementsAre("sh.keptn.event.dev.delivery.finished"));
  EXPECT_EQ(end[0]["data"]["result"], "fail");
  EXPECT_EQ(end[0]["data"]["status"], "errored");
  EXPECT_EQ(end[0]["data"]["message"], "no cluster");
}

TEST_F(EngineTest, StageAndServiceOfAnAnswerDoNotMatter) {
  const Json offer = StartDelivery("s1")[0];

  Answer(offer, "started", {{"service", "other"}});

  EXPECT_EQ(LastOutcome(), "counted");
}

TEST_F(EngineTest, TheOrderOfTheIntakesChecks) {
  const auto outcome_of = [this](Json event) {
    engine_.Handle(event, 0);
    return LastOutcome();
  };
  Json event = Event("sh.keptn.event.deploy.started", "x");
  EXPECT_EQ(outcome_of(event), "no open task");
  event["data"] = "text";
  EXPECT_EQ(outcome_of(event), "undecodable");
  event = Event("sh.keptn.log.error", "x");
  event.erase("source");
  EXPECT_EQ(outcome_of(event), "not a valid type");
  event["type"] = "sh.keptn.event.deploy.status.changed";
  EXPECT_EQ(outcome_of(event), "crash");
  EXPECT_THAT(log_.Entries("controller_crash"), SizeIs(1));
  event["source"] = "tester";
  EXPECT_EQ(outcome_of(event), "ignored");
  event = Event("sh.keptn.event.deploy.started", "x");
  event["data"].erase("service");
  EXPECT_EQ(outcome_of(event), "incomplete scope");
  event.erase("type");
  EXPECT_EQ(outcome_of(event), "no type");
}

TEST_F(EngineTest, ADuplicateSequenceIsRefused) {
  StartDelivery("s1");

  EXPECT_THAT(StartDelivery("s1"), IsEmpty());
  EXPECT_EQ(LastOutcome(), "duplicate sequence");
}

TEST_F(EngineTest, AnUnknownSequenceEndsAtOnce) {
  const Publications end = engine_.Handle(Event("sh.keptn.event.dev.release.triggered", "s1"), 0);

  ASSERT_THAT(TypesOf(end), ElementsAre("sh.keptn.event.dev.release.finished"));
  EXPECT_EQ(end[0]["data"]["status"], "errored");
  EXPECT_EQ(end[0]["triggeredid"], "s1");
}

TEST_F(EngineTest, SequencesOfOneServiceRunOneAfterTheOther) {
  const Json first = StartDelivery("s1")[0];
  EXPECT_THAT(StartDelivery("s2"), IsEmpty());
  EXPECT_THAT(StartDelivery("s3", {{"service", "shipping"}}), SizeIs(1));

  Answer(first, "started");
  const Publications next = Answer(first, "finished", {{"result", "fail"}});

  EXPECT_THAT(TypesOf(next), ElementsAre("sh.keptn.event.dev.delivery.finished",
                                         "sh.keptn.event.deploy.triggered"));
}

TEST_F(EngineTest, AbortTakesTheOfferBackAndSaysSo) {
  const Json offer = StartDelivery("s1")[0];

  const Publications end = engine_.Steer("shop", kContext, "", Engine::Control::kAbort);

  ASSERT_THAT(TypesOf(end), ElementsAre("sh.keptn.event.dev.delivery.finished"));
  EXPECT_EQ(end[0]["data"]["status"], "aborted");
  EXPECT_EQ(end[0]["data"]["result"], "pass");
  EXPECT_EQ(end[0]["triggeredid"], "s1");
  EXPECT_THAT(engine_.Offers({.project = "shop"}), IsEmpty());
  EXPECT_EQ(engine_.States("shop", kContext)[0]["state"], "aborted");
  Answer(offer, "started");
  EXPECT_EQ(LastOutcome(), "no open task");
}

TEST_F(EngineTest, AnAbortedContextStartsNothingThatWaited) {
  StartDelivery("s1");
  StartDelivery("s2");

  EXPECT_THAT(
      TypesOf(engine_.Steer("shop", kContext, "", Engine::Control::kAbort)),
      ElementsAre("sh.keptn.event.dev.delivery.finished", "sh.keptn.event.dev.delivery.finished"));
}

TEST_F(EngineTest, APausedSequenceOffersInTheListButSendsNothing) {
  const Json offer = StartDelivery("s1")[0];
  engine_.Steer("shop", kContext, "", Engine::Control::kPause);

  EXPECT_THAT(Pass(offer), IsEmpty());
  EXPECT_THAT(engine_.Offers({.type = "sh.keptn.event.test.triggered"}), SizeIs(1));
  EXPECT_THAT(engine_.Tick(), IsEmpty());

  clock_.Advance(absl::Seconds(90));
  const Publications resumed = engine_.Steer("shop", kContext, "", Engine::Control::kResume);
  ASSERT_THAT(TypesOf(resumed), ElementsAre("sh.keptn.event.test.triggered"));
  EXPECT_FALSE(resumed[0].contains("datacontenttype"));
  EXPECT_EQ(resumed[0]["id"], engine_.Offers({})[0]["id"]);
  EXPECT_NE(resumed[0]["time"], engine_.Offers({})[0]["time"]);
}

TEST_F(EngineTest, ATaskWithADelayIsOfferedAndSentWhenItsTimeHasCome) {
  Shipyard shipyard = SimpleShipyard("dev", "delivery", {"deploy"});
  shipyard.stages[0].sequences[0].tasks[0].triggered_after = absl::Seconds(30);
  engine_.SetShipyard("shop", shipyard);

  EXPECT_THAT(StartDelivery("s1"), IsEmpty());
  EXPECT_THAT(engine_.Offers({}), IsEmpty());
  clock_.Advance(absl::Seconds(31));
  EXPECT_THAT(engine_.Offers({}), SizeIs(1));
  EXPECT_THAT(TypesOf(engine_.Tick()), ElementsAre("sh.keptn.event.deploy.triggered"));
  EXPECT_THAT(engine_.Tick(), IsEmpty());
}

TEST_F(EngineTest, ATaskThatNobodyAnswersTimesOut) {
  const Json offer = StartDelivery("s1")[0];
  engine_.Tick();
  clock_.Advance(absl::Minutes(9));
  EXPECT_THAT(engine_.Tick(), IsEmpty());
  clock_.Advance(absl::Minutes(2));

  const Publications end = engine_.Tick();

  ASSERT_THAT(TypesOf(end), ElementsAre("sh.keptn.event.dev.delivery.finished"));
  EXPECT_EQ(end[0]["data"]["status"], "errored");
  EXPECT_EQ(end[0]["data"]["result"], "fail");
  EXPECT_THAT(json::GetString(end[0]["data"], "message"), HasSubstr("timed out"));
  EXPECT_EQ(engine_.States("shop", kContext)[0]["state"], "timedOut");
}

// Whatever answers it in the datastore; what the controller counted does not matter.
TEST_F(EngineTest, AnAnsweredTaskNeverTimesOut) {
  const Json offer = StartDelivery("s1")[0];
  answered_.insert(json::GetString(offer, "id"));
  clock_.Advance(absl::Hours(24));

  EXPECT_THAT(engine_.Tick(), IsEmpty());
}

TEST_F(EngineTest, AFollowerStartsInTheNextStage) {
  Shipyard shipyard = SimpleShipyard("dev", "delivery", {"deploy"});
  shipyard.stages.push_back(
      {.name = "prod",
       .sequences = {{.name = "delivery",
                      .tasks = {{.name = "deploy"}},
                      .triggered_on = {{.event = "dev.delivery.finished"}}}}});
  engine_.SetShipyard("shop", shipyard);

  const Publications end = Pass(StartDelivery("s1")[0], {{"deploy", {{"url", "u"}}}});

  ASSERT_THAT(TypesOf(end), ElementsAre("sh.keptn.event.dev.delivery.finished",
                                        "sh.keptn.event.prod.delivery.triggered"));
  EXPECT_EQ(end[1]["data"]["stage"], "prod");
  EXPECT_EQ(end[1]["data"]["deploy"]["url"], "u");
  EXPECT_EQ(engine_.States("shop", kContext)[0]["state"], "started");
  EXPECT_THAT(TypesOf(engine_.Handle(end[1], 0)), ElementsAre("sh.keptn.event.deploy.triggered"));
}

TEST_F(EngineTest, TaskPropertiesStandUnderTheTasksName) {
  Shipyard shipyard = SimpleShipyard("dev", "delivery", {"deploy"});
  shipyard.stages[0].sequences[0].tasks[0].properties = {{"strategy", "direct"}, {"replicas", 1}};
  engine_.SetShipyard("shop", shipyard);

  const Json offer = StartDelivery("s1", {{"deploy", {{"replicas", 5}}}, {"message", "go"}})[0];

  EXPECT_EQ(offer["data"]["deploy"]["strategy"], "direct");
  EXPECT_EQ(offer["data"]["deploy"]["replicas"], 5);
  EXPECT_EQ(offer["data"]["message"], "");
}

TEST_F(EngineTest, ShowsWhatItCounted) {
  const Json offer = StartDelivery("s1")[0];
  Answer(offer, "started");

  const Json shown = ToJson(engine_.Executions("shop", kContext)[0]);

  EXPECT_EQ(shown["status"]["state"], "started");
  EXPECT_EQ(shown["status"]["currentTask"]["triggeredID"], offer["id"]);
  EXPECT_EQ(shown["status"]["currentTask"]["events"][0]["eventType"],
            "sh.keptn.event.deploy.started");
  EXPECT_EQ(shown["status"]["currentTask"]["events"][0]["source"], "tester");
  EXPECT_EQ(shown["scope"]["triggeredId"], "s1");
  EXPECT_THAT(engine_.Executions("shop", "another"), IsEmpty());
}

}  // namespace
}  // namespace jobexec::test_keptn
