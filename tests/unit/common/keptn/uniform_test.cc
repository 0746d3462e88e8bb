#include "common/keptn/uniform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/status_details.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/keptn/scripted_keptn.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kId[] = "88de5cd4774422f6ebed5f0f94bc1bbcd94b6266";

const Integration kIntegration = {
    .name = "my-service",
    .version = "1.2.0",
    .location = "control-plane",
    .hostname = "node-1",
    .name_space = "keptn",
    .pod = "my-service-abc",
    .deployment = "my-service",
};

class UniformTest : public ::testing::Test {
 protected:
  void Answer(int status, const std::string& body) {
    absl::MutexLock lock(&mutex_);
    answer_ = testing::JsonAnswer(status, body);
  }
  nlohmann::json Sent() { return nlohmann::json::parse(keptn_.requests().back().body); }

  absl::Mutex mutex_;
  http::Response answer_ ABSL_GUARDED_BY(mutex_);
  testing::ScriptedKeptn keptn_{[this](const http::Request&) {
    absl::MutexLock lock(&mutex_);
    return answer_;
  }};
  testing::FakeClock clock_;
  std::unique_ptr<Api> api_ = Api::Create(keptn_.RemoteSettings(), clock_);
};

TEST_F(UniformTest, RegistersWithEverythingKeptnWants) {
  for (const int status : {200, 201}) {
    Answer(status, absl::StrCat(R"({"id":")", kId, R"("})"));
    EXPECT_EQ(*Register(*api_, kIntegration, {{"u", "a.b", {{"p"}, {}, {}}}}), kId);
  }

  EXPECT_EQ(keptn_.lines()[0], "POST /api/controlPlane/v1/uniform/registration");
  EXPECT_EQ(Sent(), nlohmann::json::parse(R"({"id":"","name":"my-service",
      "metadata":{"hostname":"node-1","integrationversion":"1.2.0","distributorversion":"0.15.0",
        "location":"control-plane","lastseen":"0001-01-01T00:00:00Z",
        "kubernetesmetadata":{"namespace":"keptn","podname":"my-service-abc",
                              "deploymentname":"my-service"}},
      "subscriptions":[{"id":"u","event":"a.b",
                        "filter":{"projects":["p"],"stages":[],"services":[]}}]})"));
}

// Keptn stores for a known record what it is sent, ids included.
TEST_F(UniformTest, EverySubscriptionHasAnIdOfItsOwnThatStays) {
  Answer(200, R"({"id":"x"})");
  const auto ids = [this](const std::vector<Subscription>& subscriptions) {
    EXPECT_THAT(Register(*api_, kIntegration, subscriptions), IsOk());
    std::vector<std::string> found;
    const nlohmann::json sent = Sent();
    for (const auto& entry : sent["subscriptions"]) found.push_back(entry["id"]);
    return found;
  };

  const auto first = ids({{"", "a.b", {}}, {"", "a.b", {{"p"}, {}, {}}}, {"", "a.c", {}}});
  EXPECT_EQ(first[0].size(), 36);
  EXPECT_NE(first[0], first[1]);
  EXPECT_NE(first[0], first[2]);
  EXPECT_THAT(ids({{"", "a.c", {}}, {"", "a.b", {}}}), ElementsAre(first[2], first[0]));
}

TEST_F(UniformTest, DoesNotAskWithoutAnIdentity) {
  for (std::string Integration::*field :
       {&Integration::name, &Integration::name_space, &Integration::hostname}) {
    Integration integration = kIntegration;
    integration.*field = "";
    const auto id = Register(*api_, integration, {});
    EXPECT_THAT(id, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("K8S_NODE_NAME")));
    EXPECT_EQ(GetReason(id.status()), "NOT_SENT");
  }
  EXPECT_TRUE(keptn_.requests().empty());
}

TEST_F(UniformTest, AnAnswerWithoutAnIdIsAnError) {
  Answer(200, "{}");
  EXPECT_THAT(Register(*api_, kIntegration, {}), StatusIs(absl::StatusCode::kInternal, _));
}

TEST_F(UniformTest, APingLearnsTheSubscriptions) {
  Answer(200, R"({"id":"x","name":"n","subscriptions":[
      {"id":"1","event":"a.b","filter":{"projects":null,"stages":["dev"],"services":[]}}]})");

  const auto subscriptions = Ping(*api_, kId);

  ASSERT_THAT(subscriptions, IsOk());
  EXPECT_THAT(*subscriptions, ElementsAre(Subscription{"1", "a.b", {{}, {"dev"}, {}}}));
  EXPECT_THAT(keptn_.lines(), ElementsAre(absl::StrCat(
                                  "PUT /api/controlPlane/v1/uniform/registration/", kId, "/ping")));
  EXPECT_EQ(keptn_.requests()[0].body, "");
}

TEST_F(UniformTest, APingOfARecordWithoutSubscriptions) {
  for (const char* body : {R"({"subscriptions":null})", "{}", R"({"subscriptions":[]})"}) {
    Answer(200, body);
    EXPECT_THAT(*Ping(*api_, "x"), ::testing::IsEmpty()) << body;
  }
}

TEST_F(UniformTest, AnExpiredRecordIsNotFound) {
  Answer(404, R"({"code":404,"message":"integration not found"})");
  EXPECT_THAT(Ping(*api_, "x"), StatusIs(absl::StatusCode::kNotFound, _));
}

TEST_F(UniformTest, AGatewayWithoutABackendIsNotReadAsAnExpiredRecord) {
  Answer(404, "default backend - 404");
  EXPECT_THAT(Ping(*api_, "x"), StatusIs(absl::StatusCode::kUnavailable, _));
}

}  // namespace
}  // namespace jobexec::keptn
