#include "intake/health.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "common/http/http_client.h"

namespace jobexec::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(AnswerHealth, AsTheOriginalOnceItIsRegistered) {
  const auto response = AnswerHealth({.method = "GET", .target = "/health"});

  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, R"({"status":"OK"})");
  EXPECT_THAT(response->headers, ElementsAre(Pair("Content-Type", "application/json")));
}

TEST(AnswerHealth, NothingElse) {
  const struct {
    const char* method;
    const char* target;
    bool answered;
  } cases[] = {
      {"GET", "/health", true},   {"HEAD", "/health", true},   {"GET", "/health?x=1", true},
      {"POST", "/health", false}, {"GET", "/health/", false},  {"GET", "/healthz", false},
      {"GET", "/", false},        {"GET", "/x/health", false},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(AnswerHealth({.method = test.method, .target = test.target}).has_value(),
              test.answered)
        << test.method << " " << test.target;
  }
}

TEST(HealthServer, AnswersOnAPortOfItsOwn) {
  const auto server = StartHealthServer("127.0.0.1", 0);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto client = http::Client::Create({});

  const auto get = [&](const char* path) {
    return client
        ->Send(
            {.method = "GET", .target = absl::StrCat("http://127.0.0.1:", (*server)->port(), path)},
            absl::Seconds(30), /*idempotent=*/true)
        ->status;
  };
  EXPECT_EQ(get("/health"), 200);
  EXPECT_EQ(get("/"), 404);
}

}  // namespace
}  // namespace jobexec::intake
