// The test Keptn on a real NATS server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/json/json.h"
#include "tests/support/keptn/keptn.h"
#include "tests/support/nats_server.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec::test_keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::PollUntil;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr absl::Duration kPatience = absl::Seconds(60);

class NatsBrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = testing::NatsServer::Start();
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    Start({.url = server_->url()});
  }
  void Start(const NatsOptions& options) {
    keptn_.reset();
    auto keptn = Keptn::Start({.nats = options});
    ASSERT_THAT(keptn, IsOk());
    keptn_ = *std::move(keptn);
    keptn_->AddProject("shop", SimpleShipyard("dev", "delivery", {"deploy"}));
  }
  Keptn::Started StartDelivery() {
    const auto started = keptn_->StartSequence(
        {.project = "shop", .stage = "dev", .service = "cart", .sequence = "delivery"});
    EXPECT_THAT(started, IsOk());
    return started.value_or(Keptn::Started{});
  }
  // Waits until the datastore has seen an event of this type.
  Json AwaitStored(const std::string& type) {
    std::vector<Json> found;
    EXPECT_TRUE(PollUntil(
        [&] {
          found = keptn_->datastore().Find({.type = type});
          return !found.empty();
        },
        kPatience))
        << type;
    return found.empty() ? Json() : found[0];
  }
  void Publish(const Json& event) {
    EXPECT_THAT(server_->PublishCore(json::GetString(event, "type"), event.dump()), IsOk());
  }
  Json Answer(const Json& offer, const std::string& kind) {
    return {{"id", kind},
            {"type", "sh.keptn.event.deploy." + kind},
            {"source", "tester"},
            {"shkeptncontext", offer["shkeptncontext"]},
            {"triggeredid", offer["id"]},
            {"data",
             {{"project", "shop"},
              {"stage", "dev"},
              {"service", "cart"},
              {"result", "pass"},
              {"status", "succeeded"}}}};
  }
  bool AwaitEntry(const std::string& kind, const Json& values) {
    return PollUntil([&] { return keptn_->log().Count(kind, values) > 0; }, kPatience);
  }

  std::unique_ptr<testing::NatsServer> server_;
  std::unique_ptr<Keptn> keptn_;
};

TEST_F(NatsBrokerTest, ASequenceRunsOverTheStream) {
  const Keptn::Started run = StartDelivery();
  const Json offer = AwaitStored("sh.keptn.event.deploy.triggered");
  EXPECT_EQ(offer["datacontenttype"], "application/json");

  Publish(Answer(offer, "started"));
  ASSERT_TRUE(AwaitEntry("event", {{"id", "started"}, {"outcome", "counted"}}));
  Publish(Answer(offer, "finished"));

  EXPECT_TRUE(keptn_->WaitForEnd("shop", run.context, kPatience));
  const Json end = AwaitStored("sh.keptn.event.dev.delivery.finished");
  EXPECT_EQ(end["triggeredid"], run.id);
  const std::vector<Json> counted = keptn_->log().Entries("event");
  for (const Json& entry : counted) EXPECT_GT(entry["sequence"], 0);
}

TEST_F(NatsBrokerTest, OtherTypesAreDroppedAndAMissingSourceIsACrash) {
  Publish({{"type", "sh.keptn.log.error"}, {"id", "log"}, {"data", {{"message", "x"}}}});
  Publish({{"type", "sh.keptn.event.deploy.started"}, {"id", "bad"}, {"data", Json::object()}});

  EXPECT_TRUE(AwaitEntry("event", {{"id", "log"}, {"outcome", "not a valid type"}}));
  EXPECT_TRUE(AwaitEntry("controller_crash", {{"id", "bad"}}));
}

TEST_F(NatsBrokerTest, GoesOnAfterTheServerWasKilled) {
  Start({.url = server_->url(), .confirm = true, .forget_redeliveries = true});
  StartDelivery();
  const Json offer = AwaitStored("sh.keptn.event.deploy.triggered");
  Publish(Answer(offer, "started"));
  ASSERT_TRUE(AwaitEntry("event", {{"id", "started"}, {"outcome", "counted"}}));

  ASSERT_THAT(server_->Kill(), IsOk());
  const Keptn::Started waiting = StartDelivery();
  ASSERT_THAT(server_->Restart(), IsOk());
  Publish(Answer(offer, "finished"));

  EXPECT_TRUE(AwaitEntry("event", {{"id", "finished"}, {"complete", true}}));
  EXPECT_TRUE(AwaitEntry("task_triggered", {{"context", waiting.context}}));
  EXPECT_EQ(keptn_->log().Count("event", {{"id", "started"}, {"outcome", "counted"}}), 1);
}

TEST_F(NatsBrokerTest, APausedControllerTakesEverythingLater) {
  StartDelivery();
  const Json offer = AwaitStored("sh.keptn.event.deploy.triggered");
  keptn_->broker().PauseController(true);
  Publish(Answer(offer, "started"));
  AwaitStored("sh.keptn.event.deploy.started");

  keptn_->broker().PauseController(false);

  EXPECT_TRUE(AwaitEntry("event", {{"id", "started"}, {"outcome", "counted"}}));
}

}  // namespace
}  // namespace jobexec::test_keptn
