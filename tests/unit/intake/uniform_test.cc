#include "intake/uniform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "common/base/status_details.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stepped_clock.h"
#include "tests/unit/intake/fake_keptn.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr char kRegister[] = "POST /v1/uniform/registration";

class UniformTest : public ::testing::Test {
 protected:
  ~UniformTest() override { StopAgent(); }

  // An agent of a process of its own, configured with these topics.
  void StartAgent(const std::vector<std::string>& topics) {
    UniformAgent::Options options;
    options.integration = {.name = "jes",
                           .version = "1",
                           .location = "control-plane",
                           .hostname = "node",
                           .name_space = "ns",
                           .pod = "pod",
                           .deployment = "jes"};
    for (const std::string& topic : topics) options.configured.push_back({.event = topic});
    subscriptions_ = std::make_unique<Subscriptions>();
    agent_ = std::make_unique<UniformAgent>(options, keptn_, *subscriptions_, clock_, metrics_);
    stop_ = std::make_unique<absl::Notification>();
    thread_ = std::thread([this] { agent_->Run(*stop_); });
  }
  void StopAgent() {
    if (!thread_.joinable()) return;
    stop_->Notify();
    thread_.join();
  }
  void Restart(const std::vector<std::string>& topics) {
    StopAgent();
    StartAgent(topics);
    ASSERT_TRUE(WaitFor([this] { return subscriptions_->Get()->known; }));
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
  bool WaitForSubscriptions(const std::vector<std::string>& events) {
    return WaitFor([&] { return Learnt() == events; });
  }
  std::vector<std::string> Learnt() {
    std::vector<std::string> events;
    const auto set = subscriptions_->Get();
    for (const auto& subscription : set->list) {
      events.push_back(subscription.event);
    }
    return events;
  }
  // What a user makes of the record's subscriptions.
  void Edit(const std::vector<std::string>& events) {
    Json records = keptn_.Records();
    Json& list = records.at(0).at("subscriptions");
    list = Json::array();
    for (const std::string& event : events) list.push_back({{"id", event}, {"event", event}});
    keptn_.SetRecords(records);
  }

  testing::SteppedClock clock_;
  FakeKeptn keptn_{clock_};
  Metrics metrics_;
  std::unique_ptr<Subscriptions> subscriptions_;
  std::unique_ptr<UniformAgent> agent_;
  std::unique_ptr<absl::Notification> stop_;
  std::thread thread_;
};

TEST_F(UniformTest, RegistersAndLearnsItsSubscriptions) {
  StartAgent({"a.triggered", "b.triggered"});
  ASSERT_TRUE(WaitForSubscriptions({"a.triggered", "b.triggered"}));

  EXPECT_EQ(subscriptions_->Get()->integration_id, "id-1");
  EXPECT_TRUE(WaitFor([this] { return agent_->Check().ok(); }));
  const Json record = keptn_.Records().at(0);
  EXPECT_EQ(record["name"], "jes");
  EXPECT_EQ(record["metadata"]["hostname"], "node");
  EXPECT_EQ(record["metadata"]["location"], "control-plane");
  EXPECT_EQ(record["metadata"]["kubernetesmetadata"],
            Json({{"namespace", "ns"}, {"podname", "pod"}, {"deploymentname", "jes"}}));
  EXPECT_THAT(record["metadata"]["distributorversion"].get<std::string>(),
              StartsWith("0.15.0+topics."));
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_keptn_registered 1\n"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_keptn_subscriptions 2\n"));
}

TEST_F(UniformTest, ChangesInKeptnTakeEffectWithTheNextHeartbeat) {
  StartAgent({"a.triggered"});
  ASSERT_TRUE(WaitForSubscriptions({"a.triggered"}));

  Edit({"b.triggered"});
  keptn_.TakeCalls();

  ASSERT_TRUE(WaitForSubscriptions({"b.triggered"}));
  // The one that learns of it, and one that may have come since.
  EXPECT_LE(keptn_.TakeCalls().size(), 2);
}

TEST_F(UniformTest, KeptnMayBeAwayAtTheStart) {
  keptn_.FailAll(absl::UnavailableError("connection refused"));
  StartAgent({"a.triggered"});
  size_t calls = 0;
  ASSERT_TRUE(WaitFor([&] { return (calls += keptn_.TakeCalls().size()) >= 3; }));

  EXPECT_FALSE(subscriptions_->Get()->known) << "sources wait";
  EXPECT_THAT(agent_->Check(), StatusIs(absl::StatusCode::kUnavailable,
                                        HasSubstr("registration with Keptn: connection refused")));

  keptn_.FailAll(absl::OkStatus());
  EXPECT_TRUE(WaitForSubscriptions({"a.triggered"}));
}

TEST_F(UniformTest, KeptnMayGoAwayLater) {
  StartAgent({"a.triggered"});
  ASSERT_TRUE(WaitForSubscriptions({"a.triggered"}));

  keptn_.FailAll(absl::UnauthenticatedError("the token is not valid"));
  ASSERT_TRUE(WaitFor([this] { return !agent_->Check().ok(); }));

  EXPECT_THAT(agent_->Check(),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("token is not valid")));
  EXPECT_THAT(Learnt(), ElementsAre("a.triggered")) << "what was known last stays";
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_keptn_registered 0\n"));
  keptn_.FailAll(absl::OkStatus());
  EXPECT_TRUE(WaitFor([this] { return agent_->Check().ok(); }));
}

TEST_F(UniformTest, DelaysGrowAndKeptnMayAskForLongerOnes) {
  absl::Status busy = absl::UnavailableError("429");
  SetRetryAfter(busy, absl::Seconds(40));
  keptn_.FailAll(busy);
  StartAgent({});
  ASSERT_TRUE(
      testing::PollUntil([this] { return !keptn_.TakeCalls().empty(); }, absl::Seconds(30)));
  ASSERT_TRUE(
      WaitFor([this] { return agent_->Check().message().find("429") != absl::string_view::npos; }));
  const absl::Duration before = clock_.Elapsed();

  ASSERT_TRUE(WaitFor([this] { return !keptn_.TakeCalls().empty(); }));

  EXPECT_GT(clock_.Elapsed() - before, absl::Seconds(30));
}

TEST_F(UniformTest, AForgottenIntegrationRegistersAgainWithWhatItHad) {
  StartAgent({"a.triggered"});
  ASSERT_TRUE(WaitForSubscriptions({"a.triggered"}));
  Edit({"a.triggered", "of.a.user.triggered"});
  ASSERT_TRUE(WaitForSubscriptions({"a.triggered", "of.a.user.triggered"}));

  keptn_.SetRecords(Json::array());

  ASSERT_TRUE(WaitFor([this] { return keptn_.Records().size() == 1; }));
  EXPECT_THAT(keptn_.Subscribed(), ElementsAre("a.triggered", "of.a.user.triggered"));
  EXPECT_TRUE(WaitFor([this] { return subscriptions_->Get()->integration_id == "id-2"; }));
}

TEST_F(UniformTest, ReplicasShareARecord) {
  StartAgent({"a.triggered"});
  ASSERT_TRUE(WaitForSubscriptions({"a.triggered"}));
  Restart({"a.triggered"});

  EXPECT_THAT(keptn_.Records(), SizeIs(1));
  EXPECT_THAT(keptn_.Subscribed(), ElementsAre("a.triggered"));
}

TEST_F(UniformTest, WhatUsersRemovedStaysRemoved) {
  StartAgent({"a.triggered", "b.triggered"});
  ASSERT_TRUE(WaitForSubscriptions({"a.triggered", "b.triggered"}));
  Edit({"b.triggered"});
  Restart({"a.triggered", "b.triggered"});
  EXPECT_THAT(keptn_.Subscribed(), ElementsAre("b.triggered"));

  Edit({});
  Restart({"b.triggered", "a.triggered"});
  EXPECT_THAT(keptn_.Subscribed(), IsEmpty()) << "all of them, and the order does not matter";
}

TEST_F(UniformTest, AChangedListAddsWhatNoSubscriptionMentions) {
  StartAgent({"a.triggered"});
  ASSERT_TRUE(WaitForSubscriptions({"a.triggered"}));
  Edit({"a.triggered", "of.a.user.triggered"});

  Restart({"a.triggered", "b.triggered", "of.a.user.triggered"});
  EXPECT_THAT(keptn_.Subscribed(),
              ElementsAre("a.triggered", "of.a.user.triggered", "b.triggered"));

  Restart({"b.triggered"});
  EXPECT_THAT(keptn_.Subscribed(), ElementsAre("a.triggered", "of.a.user.triggered", "b.triggered"))
      << "nothing is ever removed";
}

TEST_F(UniformTest, ARecordOfTheOriginalServiceIsLeftAsItIs) {
  const Json record = {
      {"id", "old"},
      {"name", "jes"},
      {"metadata",
       {{"distributorversion", "0.15.0"}, {"kubernetesmetadata", {{"namespace", "ns"}}}}},
      {"subscriptions", {{{"id", "x"}, {"event", "x.triggered"}}}}};
  keptn_.SetRecords(Json::array({record}));
  Restart({"a.triggered"});
  EXPECT_THAT(keptn_.Subscribed(), ElementsAre("x.triggered"));
  EXPECT_EQ(subscriptions_->Get()->integration_id, "old");

  Json empty = record;
  empty["subscriptions"] = Json::array();
  keptn_.SetRecords(Json::array({empty}));
  Restart({"a.triggered"});
  EXPECT_THAT(keptn_.Subscribed(), ElementsAre("a.triggered")) << "it has none";
}

TEST_F(UniformTest, OneThatMayNotReadTheRegisterRegistersAllTheSame) {
  keptn_.Fail("GET", absl::UnauthenticatedError("403 insufficient scope"));
  Restart({"a.triggered"});

  EXPECT_THAT(keptn_.Subscribed(), ElementsAre("a.triggered"));
}

TEST_F(UniformTest, ARegisterThatCannotBeReadNowIsNotTakenForEmpty) {
  keptn_.Fail("GET", absl::UnavailableError("502"));
  StartAgent({"a.triggered"});
  ASSERT_TRUE(WaitFor([this] { return !agent_->Check().ok() && agent_->Check().message() != ""; }));
  ASSERT_TRUE(
      WaitFor([this] { return agent_->Check().message().find("502") != absl::string_view::npos; }));

  EXPECT_THAT(keptn_.TakeCalls(), Not(Contains(kRegister)));
}

}  // namespace
}  // namespace jobexec::intake
