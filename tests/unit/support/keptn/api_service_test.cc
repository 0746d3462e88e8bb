#include "tests/support/keptn/api_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "common/json/json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/keptn/ids.h"
#include "tests/support/status_matchers.h"

namespace jobexec::test_keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr char kContext[] = "c0ffee00-0000-4000-8000-000000000001";

Json Started() {
  return {{"specversion", "1.0"},
          {"id", "mine"},
          {"time", "2001-01-01T00:00:00Z"},
          {"type", "sh.keptn.event.deploy.started"},
          {"source", "tester"},
          {"shkeptncontext", kContext},
          {"shkeptnspecversion", "0.2.4"},
          {"triggeredid", "t1"},
          {"gitcommitid", "9f1e"},
          {"data", {{"project", "shop"}, {"stage", "dev"}, {"service", "cart"}}}};
}

TEST(ToPublished, ReplacesIdAndTimeAndLosesTheSpecVersion) {
  const Json event = ToPublished(Started(), absl::FromUnixSeconds(1'700'000'000));

  EXPECT_TRUE(IsUuid(json::GetString(event, "id")));
  EXPECT_EQ(event["time"], "2023-11-14T22:13:20Z");
  EXPECT_FALSE(event.contains("shkeptnspecversion"));
  EXPECT_EQ(event["source"], "tester");
  EXPECT_EQ(event["triggeredid"], "t1");
  EXPECT_EQ(event["gitcommitid"], "9f1e");
  EXPECT_EQ(event["shkeptncontext"], kContext);
  EXPECT_NE(ToPublished(Started(), absl::UnixEpoch())["id"], event["id"]);
}

TEST(ToPublished, AContextThatIsNoUuidBecomesAlwaysTheSameOne) {
  Json posted = Started();
  posted["shkeptncontext"] = "my context";
  const Json first = ToPublished(posted, absl::UnixEpoch());
  const Json second = ToPublished(posted, absl::UnixEpoch());
  EXPECT_TRUE(IsUuid(json::GetString(first, "shkeptncontext")));
  EXPECT_EQ(first["shkeptncontext"], second["shkeptncontext"]);
  posted.erase("shkeptncontext");
  EXPECT_NE(ToPublished(posted, absl::UnixEpoch())["shkeptncontext"],
            ToPublished(posted, absl::UnixEpoch())["shkeptncontext"]);
}

TEST(CheckPosted, Table) {
  const auto check = [](const std::string& type, const Json& data_patch, bool triggered_id) {
    Json event = Started();
    event["type"] = type;
    if (data_patch.is_object()) event["data"].merge_patch(data_patch);
    if (!triggered_id) event.erase("triggeredid");
    return CheckPosted(event);
  };
  const auto bad = absl::StatusCode::kInvalidArgument;

  EXPECT_THAT(check("sh.keptn.event.deploy.started", {}, true), IsOk());
  EXPECT_THAT(check("sh.keptn.event.deploy.started", {}, false),
              StatusIs(bad, HasSubstr("triggeredid")));
  EXPECT_THAT(check("sh.keptn.event.deploy.started", {{"service", nullptr}}, true),
              StatusIs(bad, HasSubstr("service")));
  EXPECT_THAT(check("sh.keptn.event.deploy.finished", {}, true),
              StatusIs(bad, HasSubstr("result")));
  EXPECT_THAT(check("sh.keptn.event.deploy.finished", {{"result", "pass"}}, true),
              StatusIs(bad, HasSubstr("status")));
  EXPECT_THAT(
      check("sh.keptn.event.deploy.finished", {{"result", "pass"}, {"status", "succeeded"}}, true),
      IsOk());
  EXPECT_THAT(check("sh.keptn.event.deploy.triggered", {}, true), StatusIs(bad, HasSubstr("kind")));
  EXPECT_THAT(check("sh.keptn.event.deploy.status.changed", {}, true),
              StatusIs(bad, HasSubstr("changed")));
  EXPECT_THAT(check("sh.keptn.event.deploy.invalidated", {}, false), IsOk());
  EXPECT_THAT(check("sh.keptn.event.dev.delivery.triggered", {}, false), IsOk());
  EXPECT_THAT(check("sh.keptn.event.prod.delivery.triggered", {}, false),
              StatusIs(bad, HasSubstr("stage")));
  EXPECT_THAT(check("sh.keptn.event.dev.delivery.finished", {}, true),
              StatusIs(bad, HasSubstr("finished")));
  EXPECT_THAT(check("sh.keptn.log.error", {{"project", nullptr}}, false), IsOk());
  EXPECT_THAT(check("other", {}, true), StatusIs(bad, HasSubstr("unknown")));
}

class ApiServiceTest : public ::testing::Test {
 protected:
  http::Response Post(ApiService& service, const std::string& body,
                      const std::string& type = "application/cloudevents+json") {
    ServiceRequest request;
    request.method = "POST";
    request.path = "/v1/event";
    request.headers = {{"x-token", "secret"}, {"Content-Type", type}};
    request.body = body;
    return service.Handle(request);
  }
  ApiService::Publish Publisher() {
    return [this](const Json& event) {
      published_.push_back(event);
      return publish_status_;
    };
  }

  testing::FakeClock clock_;
  EventLog log_{clock_};
  OAuthServer oauth_{{}, clock_, log_};
  Auth auth_{"secret", oauth_, clock_};
  std::vector<Json> published_;
  absl::Status publish_status_;
};

TEST_F(ApiServiceTest, AnswersWithTheContextOnly) {
  ApiService service(false, Publisher(), auth_, clock_);

  const http::Response response = Post(service, Started().dump());

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Json::parse(response.body), Json({{"keptnContext", kContext}}));
  ASSERT_THAT(published_, SizeIs(1));
  EXPECT_NE(published_[0]["id"], "mine");
}

TEST_F(ApiServiceTest, RefusesWhatTheModelDoesNotHave) {
  ApiService service(false, Publisher(), auth_, clock_);

  EXPECT_EQ(Post(service, "{").status, 400);
  EXPECT_EQ(Post(service, "[]").status, 400);
  for (const char* member : {"data", "source", "type"}) {
    Json event = Started();
    event.erase(member);
    EXPECT_EQ(Post(service, event.dump()).status, 400) << member;
  }
  EXPECT_EQ(Post(service, Started().dump(), "text/plain").status, 415);
  EXPECT_THAT(published_, SizeIs(0));
}

TEST_F(ApiServiceTest, ValidatesOnlyIfItIsTold) {
  ApiService lax(false, Publisher(), auth_, clock_);
  ApiService strict(true, Publisher(), auth_, clock_);
  Json event = Started();
  event["type"] = "sh.keptn.event.deploy.status.changed";
  Json large = Started();
  large["data"]["message"] = std::string(70'000, 'x');

  EXPECT_EQ(Post(lax, event.dump()).status, 200);
  EXPECT_EQ(Post(strict, event.dump()).status, 400);
  EXPECT_EQ(Post(lax, large.dump()).status, 200);
  EXPECT_EQ(Post(strict, large.dump()).status, 400);
}

TEST_F(ApiServiceTest, SaysIfTheBrokerIsAway) {
  ApiService service(false, Publisher(), auth_, clock_);
  publish_status_ = absl::UnavailableError("no connection");

  EXPECT_EQ(Post(service, Started().dump()).status, 500);
}

}  // namespace
}  // namespace jobexec::test_keptn
