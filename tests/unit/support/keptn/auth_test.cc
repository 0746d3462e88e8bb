#include "tests/support/keptn/auth.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/escaping.h"
#include "common/json/json.h"
#include "tests/support/fake_clock.h"

namespace jobexec::test_keptn {
namespace {

using Json = nlohmann::json;

class AuthTest : public ::testing::Test {
 protected:
  // 200 if the headers let one in.
  static int StatusOf(Auth& auth, const http::Headers& headers) {
    const auto refusal = auth.Refuse(headers);
    return refusal.has_value() ? refusal->status : 200;
  }
  http::Response AskToken(const std::string& form, const std::string& authorization = "") {
    ServiceRequest request;
    request.method = "POST";
    request.path = "/oauth/token";
    request.body = form;
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
    return oauth_.Handle(request, "http://here");
  }

  testing::FakeClock clock_;
  EventLog log_{clock_};
  OAuthServer oauth_{{.client_id = "me",
                      .client_secret = "s3:cret",
                      .scopes = {"keptn:events:write", "logs:write"},
                      .expiry = absl::Minutes(5),
                      .required = true},
                     clock_,
                     log_};
  OAuthServer no_oauth_{{}, clock_, log_};
};

TEST_F(AuthTest, ARightTokenIsNeverSlowedDown) {
  Auth auth("secret", no_oauth_, clock_);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(StatusOf(auth, {{"X-Token", "secret"}}), 200);
}

TEST_F(AuthTest, WrongTokensAreSlowedDown) {
  Auth auth("secret", no_oauth_, clock_);

  EXPECT_EQ(StatusOf(auth, {{"x-token", "wrong"}}), 401);
  EXPECT_EQ(StatusOf(auth, {}), 401);
  EXPECT_EQ(StatusOf(auth, {{"x-token", "wrong"}}), 429);
  EXPECT_EQ(StatusOf(auth, {{"x-token", "secret"}}), 200);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(StatusOf(auth, {{"x-token", "wrong"}}), 401);
  EXPECT_EQ(StatusOf(auth, {{"x-token", "wrong"}}), 429);
}

TEST_F(AuthTest, TheTokenMayChange) {
  Auth auth("secret", no_oauth_, clock_);
  auth.SetToken("new");
  EXPECT_EQ(StatusOf(auth, {{"x-token", "secret"}}), 401);
  EXPECT_EQ(StatusOf(auth, {{"x-token", "new"}}), 200);
  Auth open("", no_oauth_, clock_);
  EXPECT_EQ(StatusOf(open, {}), 200);
}

TEST_F(AuthTest, ABearerTokenExpires) {
  Auth auth("", oauth_, clock_);
  const http::Response response =
      AskToken("grant_type=client_credentials&scope=keptn%3Aevents%3Awrite+logs%3Awrite",
               "Basic " + absl::Base64Escape("me:s3%3Acret"));
  ASSERT_EQ(response.status, 200) << response.body;
  const Json token = Json::parse(response.body);
  EXPECT_EQ(token["expires_in"], 300);
  const http::Headers headers = {
      {"Authorization", "Bearer " + json::GetString(token, "access_token")}};

  EXPECT_EQ(StatusOf(auth, headers), 200);
  clock_.Advance(absl::Minutes(5));
  EXPECT_EQ(StatusOf(auth, headers), 401);
  EXPECT_EQ(log_.Count("oauth_token", {{"status", 200}}), 1);
}

TEST_F(AuthTest, ARevokedTokenIsWrong) {
  Auth auth("", oauth_, clock_);
  const Json token = Json::parse(
      AskToken("grant_type=client_credentials&client_id=me&client_secret=s3%3Acret").body);
  const http::Headers headers = {
      {"Authorization", "Bearer " + json::GetString(token, "access_token")}};
  EXPECT_EQ(StatusOf(auth, headers), 200);

  oauth_.RevokeAll();

  EXPECT_EQ(StatusOf(auth, headers), 401);
}

TEST_F(AuthTest, TheTokenEndpointRefusesWhatIsWrong) {
  const std::string right = "client_id=me&client_secret=s3%3Acret&grant_type=client_credentials";
  EXPECT_EQ(AskToken(right).status, 200);
  EXPECT_EQ(AskToken("client_id=me&client_secret=no&grant_type=client_credentials").status, 401);
  EXPECT_EQ(AskToken("client_id=me&client_secret=s3%3Acret").status, 400);
  EXPECT_EQ(AskToken(right + "&scope=root").status, 400);
}

TEST_F(AuthTest, DiscoveryNamesTheTokenEndpoint) {
  ServiceRequest request;
  request.method = "GET";
  request.path = "/oauth/.well-known/openid-configuration";
  const Json document = Json::parse(oauth_.Handle(request, "https://here:1").body);
  EXPECT_EQ(document["token_endpoint"], "https://here:1/oauth/token");
  EXPECT_EQ(no_oauth_.Handle(request, "https://here:1").status, 404);
}

}  // namespace
}  // namespace jobexec::test_keptn
