#include "reporter/http_sink_publisher.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_details.h"
#include "common/http/http_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

cloudevents::Event MakeEvent() {
  cloudevents::Event event;
  event.set_spec_version("1.0");
  event.set_id("id-1");
  event.set_source("jes");
  event.set_type("t.started");
  event.set_text_data(R"({"a":1})");
  return event;
}

class HttpSinkPublisherTest : public ::testing::Test {
 protected:
  HttpSinkPublisherTest() {
    auto server = http::Server::Start({.address = "127.0.0.1"},
                                      [this](http::Request request, http::Reply reply) {
                                        absl::MutexLock lock(&mutex_);
                                        request_ = std::move(request);
                                        if (cut_) return;  // dropping the reply closes
                                        std::move(reply)(response_);
                                      });
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    url_ = absl::StrCat("http://127.0.0.1:", server_->port(), "/events");
    client_ = http::Client::Create({});
  }

  absl::StatusOr<Receipt> Publish(const std::string& token_file = "") {
    return HttpSinkPublisher({.url = url_, .token_file = token_file}, *client_)
        .Publish(MakeEvent());
  }

  void Answer(int status, http::Headers headers = {}) {
    absl::MutexLock lock(&mutex_);
    response_ = {.status = status, .headers = std::move(headers), .body = "because"};
  }

  void Cut() {
    absl::MutexLock lock(&mutex_);
    cut_ = true;
  }

  absl::Mutex mutex_;
  http::Request request_;
  http::Response response_;
  bool cut_ = false;
  std::unique_ptr<http::Server> server_;
  std::string url_;
  std::unique_ptr<http::Client> client_;
};

TEST_F(HttpSinkPublisherTest, PostsAStructuredEvent) {
  Answer(204);
  EXPECT_THAT(Publish(), IsOk());

  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(request_.method, "POST");
  EXPECT_EQ(request_.target, "/events");
  EXPECT_THAT(std::string(http::FindHeader(request_.headers, "content-type")),
              HasSubstr("application/cloudevents+json"));
  EXPECT_EQ(http::FindHeader(request_.headers, "authorization"), "");
  const nlohmann::json event = nlohmann::json::parse(request_.body);
  EXPECT_EQ(event["id"], "id-1");
  EXPECT_EQ(event["data"]["a"], 1);
}

// Whether a repeat may double the answer depends on this table.
TEST_F(HttpSinkPublisherTest, KnowsWhenNothingWasDelivered) {
  const struct {
    int status;
    absl::StatusCode code;
    bool delivered_maybe;
  } cases[] = {
      {302, absl::StatusCode::kFailedPrecondition, false},
      {400, absl::StatusCode::kInvalidArgument, false},
      {401, absl::StatusCode::kPermissionDenied, false},
      {403, absl::StatusCode::kPermissionDenied, false},
      {404, absl::StatusCode::kFailedPrecondition, false},
      {408, absl::StatusCode::kUnavailable, true},
      {413, absl::StatusCode::kInvalidArgument, false},
      {429, absl::StatusCode::kUnavailable, false},
      {500, absl::StatusCode::kUnavailable, true},
      {503, absl::StatusCode::kUnavailable, true},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.status);
    Answer(test.status);
    const absl::Status status = Publish().status();
    EXPECT_EQ(status.code(), test.code);
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat(test.status, ": because")));
    EXPECT_EQ(GetReason(status), test.delivered_maybe ? "" : kNotSent);
  }
}

TEST_F(HttpSinkPublisherTest, PassesRetryAfterOn) {
  Answer(429, {{"Retry-After", "17"}});
  EXPECT_EQ(GetRetryAfter(Publish().status()), absl::Seconds(17));
}

TEST_F(HttpSinkPublisherTest, ACutConnectionIsOfUnknownFate) {
  Cut();
  const absl::Status status = Publish().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(GetReason(status), "");
}

TEST_F(HttpSinkPublisherTest, ARefusedConnectionDeliversNothing) {
  server_->Shutdown(absl::ZeroDuration());
  const absl::Status status = Publish().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(GetReason(status), kNotSent);
}

TEST_F(HttpSinkPublisherTest, SendsTheTokenOfItsFile) {
  const jobexec::testing::TempDirectory directory;
  directory.Write("token", "secret\n");
  EXPECT_THAT(Publish(directory.path() + "/token"), IsOk());
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(http::FindHeader(request_.headers, "authorization"), "Bearer secret");
}

TEST_F(HttpSinkPublisherTest, WithoutItsTokenNothingIsSent) {
  const absl::Status status = Publish("/nonexistent/token").status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nonexistent/token")));
  EXPECT_EQ(GetReason(status), kNotSent);
}

TEST_F(HttpSinkPublisherTest, ASinkCannotBeAsked) {
  HttpSinkPublisher publisher({.url = url_}, *client_);
  const runs::EventFacts facts;
  EXPECT_EQ(publisher.Find({.facts = facts, .type = "t.started", .id = "id-1"}).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace jobexec::reporter
