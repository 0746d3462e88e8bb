#include "common/keptn/oauth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/keptn/scripted_keptn.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::JsonAnswer;
using ::jobexec::testing::ScriptedKeptn;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr absl::Duration kTimeout = absl::Seconds(20);

class OAuthTest : public ::testing::Test {
 protected:
  OAuthTest() {
    settings_.client_id = "the id";
    settings_.client_secret = "client:secret";
    settings_.scopes = {"events:write", "logs:read"};
    settings_.token_url = server_.url() + "/token";
  }

  // The server's answer to requests for a token, as long as `next_` is empty: a new token each
  // time.
  http::Response Answer(const http::Request& request) {
    absl::MutexLock lock(&mutex_);
    if (request.target == "/discovery") {
      return JsonAnswer(200, absl::StrCat(R"({"token_endpoint":")", discovered_, R"("})"));
    }
    if (!next_.empty()) {
      http::Response response = next_.front();
      if (next_.size() > 1) next_.erase(next_.begin());
      return response;
    }
    return JsonAnswer(200,
                      absl::StrCat(R"({"access_token":"t)", ++given_,
                                   R"(","token_type":"Bearer","expires_in":)", lifetime_, "}"));
  }
  // What the server answers from now on, the last one for ever.
  void AnswerWith(std::vector<http::Response> responses) {
    absl::MutexLock lock(&mutex_);
    next_ = std::move(responses);
  }

  absl::Mutex mutex_;
  std::vector<http::Response> next_ ABSL_GUARDED_BY(mutex_);
  std::string discovered_ ABSL_GUARDED_BY(mutex_);
  std::string lifetime_ ABSL_GUARDED_BY(mutex_) = "100";
  int given_ ABSL_GUARDED_BY(mutex_) = 0;
  ScriptedKeptn server_{[this](const http::Request& request) { return Answer(request); }};
  OAuthSettings settings_;
  FakeClock clock_;
  std::unique_ptr<http::Client> http_ = http::Client::Create({});
  OAuthTokens tokens_{settings_, *http_, clock_};
};

TEST_F(OAuthTest, AsksForATokenOnce) {
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");

  ASSERT_THAT(server_.lines(), ElementsAre("POST /token"));
  const http::Request request = server_.requests()[0];
  EXPECT_EQ(request.body, "grant_type=client_credentials&scope=events%3Awrite%20logs%3Aread");
  EXPECT_EQ(http::FindHeader(request.headers, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(http::FindHeader(request.headers, "Authorization"),
            "Basic " + absl::Base64Escape("the%20id:client%3Asecret"));
}

TEST_F(OAuthTest, RenewsWhenFourFifthsOfTheLifeAreOver) {
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  clock_.Advance(absl::Seconds(79));
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*tokens_.Get(kTimeout), "t2");
  EXPECT_THAT(server_.requests(), SizeIs(2));
}

TEST_F(OAuthTest, UsesALivingTokenWhileItCannotBeRenewed) {
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  AnswerWith({JsonAnswer(503, "")});
  clock_.Advance(absl::Seconds(80));

  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  EXPECT_THAT(server_.requests(), SizeIs(2)) << "not at every use";
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  EXPECT_THAT(server_.requests(), SizeIs(3));
}

TEST_F(OAuthTest, NeverUsesAnExpiredToken) {
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  AnswerWith({JsonAnswer(503, "")});
  clock_.Advance(absl::Seconds(100));

  EXPECT_THAT(tokens_.Get(kTimeout), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("503")));
  AnswerWith({});
  EXPECT_EQ(*tokens_.Get(kTimeout), "t2") << "recovers by itself";
}

TEST_F(OAuthTest, ADroppedTokenIsReplaced) {
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  tokens_.Drop("t1");
  EXPECT_EQ(*tokens_.Get(kTimeout), "t2");
  tokens_.Drop("t1");
  EXPECT_EQ(*tokens_.Get(kTimeout), "t2") << "t1 was replaced already";
}

TEST_F(OAuthTest, TakesLifetimesAsTheyCome) {
  const auto lifetime = [this](const std::string& text) {
    AnswerWith({JsonAnswer(200, absl::StrCat(R"({"access_token":"x")", text, "}"))});
    OAuthTokens tokens(settings_, *http_, clock_);
    int seconds = 0;
    EXPECT_THAT(tokens.Get(kTimeout), IsOk());
    server_.Forget();
    while (seconds < 10'000 && tokens.Get(kTimeout).ok() && server_.requests().empty()) {
      clock_.Advance(absl::Seconds(10));
      seconds += 10;
    }
    return seconds;
  };

  EXPECT_EQ(lifetime(R"(,"expires_in":1000)"), 800);
  EXPECT_EQ(lifetime(R"(,"expires_in":"1000")"), 800);
  EXPECT_EQ(lifetime(""), 240);
  EXPECT_EQ(lifetime(R"(,"expires_in":0)"), 0);
  EXPECT_EQ(lifetime(R"(,"expires_in":-5)"), 0);
}

TEST_F(OAuthTest, FindsTheServerByDiscovery) {
  settings_.token_url.clear();
  settings_.discovery_url = server_.url() + "/discovery";
  {
    absl::MutexLock lock(&mutex_);
    discovered_ = server_.url() + "/token";
  }

  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  EXPECT_THAT(server_.lines(), ElementsAre("GET /discovery", "POST /token"));
}

TEST_F(OAuthTest, ADiscoveryWithoutAnEndpointIsAnOutage) {
  settings_.token_url.clear();
  settings_.discovery_url = server_.url() + "/discovery";

  EXPECT_THAT(tokens_.Get(kTimeout),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("token_endpoint")));
}

TEST_F(OAuthTest, PutsTheCredentialsInTheBodyForServersThatWantThemThere) {
  AnswerWith({JsonAnswer(401, R"({"error":"invalid_client"})"),
              JsonAnswer(200, R"({"access_token":"b","expires_in":100})")});

  EXPECT_EQ(*tokens_.Get(kTimeout), "b");
  clock_.Advance(absl::Seconds(90));
  EXPECT_EQ(*tokens_.Get(kTimeout), "b");

  const auto requests = server_.requests();
  ASSERT_THAT(requests, SizeIs(3));
  for (const int i : {1, 2}) {
    EXPECT_THAT(requests[i].body, HasSubstr("&client_id=the%20id&client_secret=client%3Asecret"));
    EXPECT_EQ(http::FindHeader(requests[i].headers, "Authorization"), "") << "remembered";
  }
}

TEST_F(OAuthTest, ARefusalNamesTheSettingsAndNoSecret) {
  AnswerWith({JsonAnswer(
      400, R"({"error":"invalid_scope","error_description":"client:secret may not"})")});

  EXPECT_THAT(tokens_.Get(kTimeout),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       AllOf(HasSubstr("invalid_scope"), HasSubstr("OAUTH_CLIENT_SECRET"),
                             Not(HasSubstr("client:secret")))));
}

TEST_F(OAuthTest, AnswersThatHoldNoTokenAreOutages) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"access_token":""})",
                           R"({"access_token":"a\nb"})", R"({"access_token":7})"}) {
    AnswerWith({JsonAnswer(200, body)});
    EXPECT_THAT(tokens_.Get(kTimeout), StatusIs(absl::StatusCode::kUnavailable, _)) << body;
  }
  for (const int status : {302, 404, 429, 500}) {
    AnswerWith({JsonAnswer(status, R"({"error":"<script>"})")});
    EXPECT_THAT(tokens_.Get(kTimeout),
                StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("script"))))
        << status;
  }
}

TEST_F(OAuthTest, ManyCallersMakeOneFetch) {
  absl::Notification go;
  ScriptedKeptn slow([&go](const http::Request&) {
    go.WaitForNotification();
    return JsonAnswer(200, R"({"access_token":"one","expires_in":100})");
  });
  settings_.token_url = slow.url() + "/token";
  std::atomic<int> right = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      if (tokens_.Get(kTimeout).value_or("") == "one") ++right;
    });
  }
  go.Notify();
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(right, 8);
  EXPECT_THAT(slow.requests(), SizeIs(1));
}

TEST_F(OAuthTest, WhileOneRenewsTheOthersGoOnWithTheOldToken) {
  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  clock_.Advance(absl::Seconds(80));
  absl::Notification asked;
  absl::Notification go;
  ScriptedKeptn slow([&](const http::Request&) {
    asked.Notify();
    go.WaitForNotification();
    return JsonAnswer(200, R"({"access_token":"new","expires_in":100})");
  });
  settings_.token_url = slow.url() + "/token";
  std::thread renewer([&] { EXPECT_EQ(*tokens_.Get(kTimeout), "new"); });
  asked.WaitForNotification();

  EXPECT_EQ(*tokens_.Get(kTimeout), "t1");
  go.Notify();
  renewer.join();
  EXPECT_EQ(*tokens_.Get(kTimeout), "new");
}

TEST_F(OAuthTest, AnUnreachableServerIsAnOutage) {
  settings_.token_url = "http://127.0.0.1:1/token";

  EXPECT_THAT(tokens_.Get(kTimeout),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("OAuth server")));
}

}  // namespace
}  // namespace jobexec::keptn
