#include "common/keptn/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "common/base/status_details.h"
#include "common/keptn/api_error.h"
#include "tests/support/fake_clock.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/keptn/scripted_keptn.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::JsonAnswer;
using ::jobexec::testing::RawConnection;
using ::jobexec::testing::RawServer;
using ::jobexec::testing::ScriptedKeptn;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

http::Response Ok(const http::Request&) { return JsonAnswer(200, "{}"); }

class ApiTest : public ::testing::Test {
 protected:
  FakeClock clock_;
};

TEST_F(ApiTest, EachServiceHasItsPlaceBehindTheGateway) {
  ScriptedKeptn keptn(Ok);
  const auto api = Api::Create(keptn.RemoteSettings(), clock_);

  for (const Service service :
       {Service::kApi, Service::kControlPlane, Service::kResources, Service::kDatastore}) {
    EXPECT_THAT(api->Send({.service = service, .path = "/v1/x?a=%2F"}), IsOk());
  }

  EXPECT_THAT(keptn.lines(), ElementsAre("GET /api/v1/x?a=%2F", "GET /api/controlPlane/v1/x?a=%2F",
                                         "GET /api/resource-service/v1/x?a=%2F",
                                         "GET /api/mongodb-datastore/v1/x?a=%2F"));
}

TEST_F(ApiTest, SendsTheTokenAndTheBody) {
  ScriptedKeptn keptn(Ok);
  Settings settings = keptn.RemoteSettings();
  settings.token = "secret-token";
  const auto api = Api::Create(settings, clock_);

  EXPECT_THAT(api->Send({.method = "POST", .path = "/p", .body = "{\"a\":1}"}), IsOk());
  EXPECT_THAT(api->Send({.path = "/g"}), IsOk());

  const auto requests = keptn.requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].body, "{\"a\":1}");
  EXPECT_EQ(http::FindHeader(requests[0].headers, "Content-Type"), "application/json");
  EXPECT_EQ(http::FindHeader(requests[0].headers, "x-token"), "secret-token");
  EXPECT_EQ(http::FindHeader(requests[1].headers, "x-token"), "secret-token");
  EXPECT_EQ(http::FindHeader(requests[1].headers, "Authorization"), "");
}

TEST_F(ApiTest, SendsNoEmptyToken) {
  ScriptedKeptn keptn(Ok);
  const auto api = Api::Create(keptn.RemoteSettings(), clock_);

  EXPECT_THAT(api->Send({.path = "/g"}), IsOk());

  const http::Request request = keptn.requests()[0];
  for (const auto& [name, value] : request.headers) EXPECT_NE(name, "x-token");
}

TEST_F(ApiTest, GivesTheAnswersDate) {
  RawServer server([](RawConnection& connection, int index) {
    connection.ReadMessage();
    connection.Write(index == 0 ? "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 10:00:01 GMT\r\n"
                                  "Connection: close\r\nContent-Length: 2\r\n\r\n{}"
                                : "HTTP/1.1 201 Created\r\nDate: now\r\nContent-Length: 0\r\n\r\n");
  });
  Settings settings;
  settings.urls.control_plane = server.Url("");
  const auto api = Api::Create(settings, clock_);

  const auto dated = api->Send({.path = "/"});
  ASSERT_THAT(dated, IsOk());
  EXPECT_EQ(dated->date,
            absl::FromCivil(absl::CivilSecond(2026, 11, 23, 10, 0, 1), absl::UTCTimeZone()));
  const auto undated = api->Send({.path = "/"});
  ASSERT_THAT(undated, IsOk());
  EXPECT_EQ(undated->status, 201);
  EXPECT_EQ(undated->date, absl::InfinitePast());
}

// A Keptn that takes only the OAuth token "good"; /token gives "bad", then "good".
class OAuthApiTest : public ApiTest {
 protected:
  http::Response Answer(const http::Request& request) {
    if (request.target == "/token") {
      return JsonAnswer(200, ++tokens_given_ == 1
                                 ? R"({"access_token":"bad-secret","expires_in":100})"
                                 : R"({"access_token":"good-secret","expires_in":100})");
    }
    const bool good = http::FindHeader(request.headers, "Authorization") == "Bearer good-secret";
    return good && !always_refuses_
               ? JsonAnswer(200, "{}")
               : JsonAnswer(401, R"({"code":401,"message":"not bad-secret, not good-secret"})");
  }
  Settings OAuthSettingsFor() const {
    Settings settings = keptn_.RemoteSettings();
    settings.oauth = {"id", "client-secret", {"s"}, keptn_.url() + "/token", ""};
    return settings;
  }

  std::atomic<int> tokens_given_ = 0;
  std::atomic<bool> always_refuses_ = false;
  ScriptedKeptn keptn_{[this](const http::Request& request) { return Answer(request); }};
};

TEST_F(OAuthApiTest, AnExpiredTokenIsReplacedAndTheCallRepeatedOnce) {
  Settings settings = OAuthSettingsFor();
  settings.token = "x-secret";
  const auto api = Api::Create(settings, clock_);

  EXPECT_THAT(api->Send({.method = "POST", .path = "/p", .body = "{}", .idempotent = false}),
              IsOk());

  const auto requests = keptn_.requests();
  ASSERT_THAT(keptn_.lines(), ElementsAre("POST /token", "POST /api/controlPlane/p", "POST /token",
                                          "POST /api/controlPlane/p"));
  EXPECT_EQ(http::FindHeader(requests[3].headers, "x-token"), "x-secret") << "sent as well";
  EXPECT_EQ(requests[3].body, "{}");
  EXPECT_THAT(api->CheckReachable(), IsOk());
}

TEST_F(OAuthApiTest, ATokenThatIsAlwaysRefusedIsToldAfterTwoTries) {
  always_refuses_ = true;
  const auto api = Api::Create(OAuthSettingsFor(), clock_);

  const auto answer = api->Send({.path = "/p"});

  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnauthenticated,
                               AllOf(HasSubstr("OAUTH_"), HasSubstr("not bad"),
                                     Not(HasSubstr("good-secret")))));
  EXPECT_THAT(keptn_.requests(), SizeIs(4));
  EXPECT_THAT(api->CheckReachable(), StatusIs(absl::StatusCode::kUnauthenticated, _));
}

TEST_F(OAuthApiTest, WithoutATokenKeptnIsNotAsked) {
  Settings settings = OAuthSettingsFor();
  settings.oauth.token_url = keptn_.url() + "/api/no-token";
  const auto api = Api::Create(settings, clock_);

  const auto answer = api->Send({.path = "/p"});

  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("OAuth server")));
  EXPECT_EQ(GetReason(answer.status()), "NOT_SENT");
  EXPECT_THAT(keptn_.lines(), ElementsAre("POST /api/no-token", "POST /api/no-token"));
}

TEST_F(ApiTest, AWrongTokenIsToldWithoutShowingIt) {
  ScriptedKeptn keptn([](const http::Request&) {
    return JsonAnswer(401, R"({"code":401,"message":"token wrong-secret is not known"})");
  });
  Settings settings = keptn.RemoteSettings();
  settings.token = "wrong-secret";
  const auto api = Api::Create(settings, clock_);

  const auto answer = api->Send({.path = "/v1/x?token=wrong-secret"});

  EXPECT_THAT(answer,
              StatusIs(absl::StatusCode::kUnauthenticated,
                       AllOf(HasSubstr("GET shipyard-controller /v1/x: Keptn answered 401"),
                             HasSubstr("token *** is not known"), HasSubstr("KEPTN_API_TOKEN"),
                             Not(HasSubstr("wrong-secret")))));
  EXPECT_THAT(keptn.requests(), SizeIs(1)) << "no second try without OAuth";
  EXPECT_THAT(api->CheckReachable(), StatusIs(absl::StatusCode::kUnauthenticated, _));
}

TEST_F(ApiTest, AnUnreachableKeptnIsToldAndRecoversByItself) {
  std::atomic<int> status = 503;
  ScriptedKeptn keptn([&](const http::Request&) { return JsonAnswer(status, "{}"); });
  const auto api = Api::Create(keptn.RemoteSettings(), clock_);
  EXPECT_THAT(api->CheckReachable(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not")));

  EXPECT_THAT(api->Send({.path = "/"}), StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_THAT(api->CheckReachable(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("503")));
  status = 200;
  EXPECT_THAT(api->Send({.path = "/"}), IsOk());
  EXPECT_THAT(api->CheckReachable(), IsOk());
}

TEST_F(ApiTest, NothingIsSentToAPortNobodyListensOn) {
  Settings settings;
  settings.urls.control_plane = "http://127.0.0.1:1";
  const auto api = Api::Create(settings, clock_);

  const auto answer = api->Send({.path = "/v1/x"});

  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable,
                               HasSubstr("GET shipyard-controller /v1/x: ")));
  EXPECT_EQ(GetReason(answer.status()), "NOT_SENT");
  EXPECT_EQ(api->CheckReachable(), answer.status());
}

TEST_F(ApiTest, ALostReplyMayHaveBeenTaken) {
  RawServer server([](RawConnection& connection, int) { connection.ReadMessage(); });
  Settings settings;
  settings.urls.api = server.Url("");
  const auto api = Api::Create(settings, clock_);

  const auto answer = api->Send({.method = "POST",
                                 .service = Service::kApi,
                                 .path = "/v1/event",
                                 .body = "{}",
                                 .idempotent = false});

  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(GetReason(answer.status()), "");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ApiTest, EndsWithTheShorterOfItsTimeouts) {
  RawServer server([](RawConnection& connection, int) { connection.ReadAll(); });
  Settings settings;
  settings.urls.control_plane = server.Url("");
  const auto api = Api::Create(settings, clock_);

  EXPECT_THAT(api->Send({.path = "/", .timeout = absl::Milliseconds(50)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
}

TEST_F(ApiTest, ARefusalOfOneRequestIsNoOutage) {
  ScriptedKeptn keptn(
      [](const http::Request&) { return JsonAnswer(404, R"({"message":"Project not found"})"); });
  const auto api = Api::Create(keptn.RemoteSettings(), clock_);

  EXPECT_THAT(api->Send({.path = "/"}), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(api->CheckReachable(), IsOk());
}

TEST_F(ApiTest, SendForJsonWantsAnObject) {
  std::atomic<const char*> body = R"({"a":[1]})";
  ScriptedKeptn keptn([&body](const http::Request&) { return JsonAnswer(200, body.load()); });
  const auto api = Api::Create(keptn.RemoteSettings(), clock_);

  EXPECT_EQ((*SendForJson(*api, {.path = "/"}))["a"][0], 1);
  for (const char* bad : {"", "[]", "<html>", "{"}) {
    body = bad;
    EXPECT_THAT(SendForJson(*api, {.path = "/v1/x"}),
                StatusIs(absl::StatusCode::kInternal, HasSubstr("/v1/x")))
        << bad;
  }
}

TEST_F(ApiTest, ADeepEventDoesNotHideTheOthers) {
  const std::string deep = std::string(300, '[') + std::string(300, ']');

  EXPECT_THAT(ParseAnswer({}, R"({"events":)" + deep + "}"), IsOk());
  EXPECT_THAT(ParseAnswer({}, "{\"a\":" + std::string(600, '[') + std::string(600, ']') + "}"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("deeper")));
}

}  // namespace
}  // namespace jobexec::keptn
