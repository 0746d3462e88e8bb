#include "common/keptn/error_log.h"

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

class ErrorLogTest : public ::testing::Test {
 protected:
  nlohmann::json Posted() { return nlohmann::json::parse(keptn_.requests().at(0).body)["logs"]; }

  std::atomic<int> status_ = 200;
  testing::ScriptedKeptn keptn_{
      [this](const http::Request&) { return testing::JsonAnswer(status_, "{}"); }};
  testing::FakeClock clock_;
  std::unique_ptr<Api> api_ = Api::Create(keptn_.RemoteSettings(), clock_);
};

TEST_F(ErrorLogTest, WritesEveryField) {
  EXPECT_THAT(PostLog(*api_, {{.integration_id = "i",
                               .message = "m",
                               .time = absl::FromUnixMillis(1'700'000'000'250),
                               .keptn_context = "c",
                               .task = "deploy",
                               .triggered_id = "e",
                               .commit = "9f1e"},
                              {.integration_id = "j", .message = "n"}}),
              IsOk());

  EXPECT_THAT(keptn_.lines(), ElementsAre("POST /api/controlPlane/v1/log"));
  EXPECT_EQ(Posted(), nlohmann::json::parse(R"([
      {"integrationid":"i","message":"m","time":"2023-11-14T22:13:20.25Z","shkeptncontext":"c",
       "task":"deploy","triggeredid":"e","gitcommitid":"9f1e"},
      {"integrationid":"j","message":"n","shkeptncontext":"","task":"","triggeredid":"",
       "gitcommitid":""}])"));
}

TEST_F(ErrorLogTest, CutsLongMessagesBetweenCharacters) {
  const std::string message = std::string(64 * 1024 - 1, 'x') + "\xC3\xA4 and more";

  EXPECT_THAT(PostLog(*api_, {{.message = message}}), IsOk());

  EXPECT_EQ(Posted()[0]["message"], std::string(64 * 1024 - 1, 'x'));
}

TEST_F(ErrorLogTest, SendsNothingWithoutEntries) {
  EXPECT_THAT(PostLog(*api_, {}), IsOk());
  EXPECT_TRUE(keptn_.requests().empty());
}

TEST_F(ErrorLogTest, SaysIfKeptnDoesNotTakeIt) {
  status_ = 500;
  EXPECT_THAT(PostLog(*api_, {{.message = "m"}}), StatusIs(absl::StatusCode::kUnavailable, _));
}

}  // namespace
}  // namespace jobexec::keptn
