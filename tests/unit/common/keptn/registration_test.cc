#include "common/keptn/registration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

class RegistrationTest : public ::testing::Test {
 protected:
  void Answer(int status, const std::string& body) {
    absl::MutexLock lock(&mutex_);
    answer_ = testing::JsonAnswer(status, body);
  }

  absl::Mutex mutex_;
  http::Response answer_ ABSL_GUARDED_BY(mutex_);
  testing::ScriptedKeptn keptn_{[this](const http::Request&) {
    absl::MutexLock lock(&mutex_);
    return answer_;
  }};
  testing::FakeClock clock_;
  std::unique_ptr<Api> api_ = Api::Create(keptn_.RemoteSettings(), clock_);
};

TEST_F(RegistrationTest, FindsTheRecordOfNameAndNamespace) {
  Answer(200, R"([
      {"id":"1","name":"my service","metadata":{"kubernetesmetadata":{"namespace":"other"}}},
      {"id":"2","name":"my service","metadata":{"distributorversion":"0.15.0+x",
       "kubernetesmetadata":{"namespace":"keptn"}},
       "subscriptions":[{"id":"s","event":"a.b","filter":{"projects":null}}]}])");

  const auto found = FindRegistration(*api_, "my service", "keptn");

  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->id, "2");
  EXPECT_EQ((*found)->distributor_version, "0.15.0+x");
  EXPECT_THAT((*found)->subscriptions, ElementsAre(Subscription{"s", "a.b", {}}));
  EXPECT_THAT(keptn_.lines(),
              ElementsAre("GET /api/controlPlane/v1/uniform/registration?name=my%20service"));
}

TEST_F(RegistrationTest, FindsNothingWhereThereIsNothing) {
  for (const char* body :
       {"[]", "null", R"([{"id":"1","name":"other"}])", R"([{"name":"my"}])", "[7]"}) {
    Answer(200, body);
    const auto found = FindRegistration(*api_, "my", "keptn");
    ASSERT_THAT(found, IsOk()) << body;
    EXPECT_FALSE(found->has_value()) << body;
  }
}

TEST_F(RegistrationTest, ARecordWithoutSubscriptionsHasNone) {
  Answer(200, R"([{"id":"1","name":"my","metadata":{"kubernetesmetadata":{"namespace":"k"}}}])");
  const auto found = FindRegistration(*api_, "my", "k");
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_TRUE((*found)->subscriptions.empty());
}

TEST_F(RegistrationTest, TroubleIsNotReadAsNoRecord) {
  Answer(200, R"({"integrations":[]})");
  EXPECT_THAT(FindRegistration(*api_, "my", "k"), StatusIs(absl::StatusCode::kInternal, _));
  Answer(403, R"({"code":403,"message":"insufficient scope"})");
  EXPECT_THAT(FindRegistration(*api_, "my", "k"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("scope")));
  Answer(502, "");
  EXPECT_THAT(FindRegistration(*api_, "my", "k"), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(RegistrationTest, PutsASubscriptionUnderItsId) {
  Answer(201, R"({"id":"s 1"})");

  EXPECT_THAT(PutSubscription(*api_, "a b", {"s 1", "a.b", {{"p"}, {"s"}, {}}}), IsOk());

  EXPECT_THAT(
      keptn_.lines(),
      ElementsAre("PUT /api/controlPlane/v1/uniform/registration/a%20b/subscription/s%201"));
  EXPECT_EQ(nlohmann::json::parse(keptn_.requests()[0].body),
            nlohmann::json::parse(R"({"id":"s 1","event":"a.b",
                "filter":{"projects":["p"],"stages":["s"],"services":[]}})"));
}

}  // namespace
}  // namespace jobexec::keptn
