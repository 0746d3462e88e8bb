#include "intake/http_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/intake/fake_scheduler_link.h"

namespace jobexec::intake {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kEvent[] = R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})";
constexpr char kStructured[] = "application/cloudevents+json";
constexpr char kBatch[] = "application/cloudevents-batch+json";

http::Request Post(const std::string& target, const std::string& type, const std::string& body) {
  return {.method = "POST", .target = target, .headers = {{"Content-Type", type}}, .body = body};
}

class HttpSourceTest : public ::testing::Test {
 protected:
  // Handles the request; the response comes at once or after Answer.
  void Handle(const HttpSource& source, const http::Request& request) {
    response_.reset();
    source.Handle(request, [this](http::Response response) { response_ = std::move(response); });
  }
  std::string Detail() const { return nlohmann::json::parse(response_->body).at("detail"); }

  testing::FakeClock clock_;
  Metrics metrics_;
  FakeSchedulerLink link_;
  Dispatcher dispatcher_{link_, {.max_in_flight = 2}, clock_, metrics_};
  HttpSource source_{"/", dispatcher_, clock_, metrics_};
  std::optional<http::Response> response_;
};

TEST_F(HttpSourceTest, AnswersWhenTheSchedulerHasDecided) {
  Handle(source_, Post("/", kStructured, kEvent));
  ASSERT_THAT(link_.submissions, SizeIs(1));
  EXPECT_EQ(link_.submissions[0].event().id(), "1");
  EXPECT_FALSE(response_.has_value());

  EventOutcome outcome;
  outcome.mutable_ignored()->set_reason("no match");
  link_.Answer(0, outcome);

  ASSERT_TRUE(response_.has_value());
  EXPECT_EQ(response_->status, 202);
  EXPECT_THAT(response_->body, HasSubstr("no match"));
}

TEST_F(HttpSourceTest, AnOldEventIsLookedUpAndSaidToBeAnswered) {
  struct Looked final : Answered {
    absl::StatusOr<bool> WasAnswered(const Delivery& /*delivery*/) override { return true; }
  } answered;
  OldDeliveries old(answered, {}, metrics_);
  Dispatcher dispatcher(link_, {}, clock_, metrics_, &old);
  const HttpSource source("/", dispatcher, clock_, metrics_);

  absl::Notification done;
  source.Handle(Post("/", kStructured,
                     R"({"specversion":"1.0","id":"1","source":"/s","type":"t.triggered",)"
                     R"("time":"2023-01-01T00:00:00Z"})"),
                [&](http::Response response) {
                  response_ = std::move(response);
                  done.Notify();
                });
  done.WaitForNotification();

  EXPECT_EQ(response_->status, 202);
  EXPECT_THAT(response_->body, HasSubstr(R"("runs":[],"alreadyKnown":true)"));
  EXPECT_THAT(link_.submissions, IsEmpty());
}

TEST_F(HttpSourceTest, ABatchOfOneIsAnsweredAsABatch) {
  Handle(source_, Post("/", kBatch, absl::StrCat("[", kEvent, "]")));

  link_.Answer(0, RetryOutcome(absl::Seconds(3), "busy"));

  EXPECT_EQ(response_->status, 503);
  EXPECT_EQ(Detail(), "1 of 1 events are not decided: busy");
}

TEST_F(HttpSourceTest, Paths) {
  struct Case {
    const char* path;
    const char* target;
    bool taken;
  };
  const Case cases[] = {
      {"/", "/", true},
      {"/", "/v1/event", true},
      {"/", "/any/thing?a=b", true},
      {"/", "/?x", true},
      {"/", "*", false},
      {"/v1/event", "/v1/event", true},
      {"/v1/event", "/v1/event/", true},
      {"/v1/event", "/v1/event/below", true},
      {"/v1/event", "/v1/event?x=/", true},
      {"/v1/event/", "/v1/event", true},
      {"/v1/event", "/v1/events", false},
      {"/v1/event", "/v1", false},
      {"/v1/event", "/", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.path, " ", c.target));
    const HttpSource source(c.path, dispatcher_, clock_, metrics_);

    Handle(source, Post(c.target, kBatch, "[]"));

    ASSERT_TRUE(response_.has_value());
    EXPECT_EQ(response_->status, c.taken ? 202 : 404);
    if (!c.taken) {
      EXPECT_THAT(Detail(), HasSubstr("events are taken at /"));
    }
  }
}

TEST_F(HttpSourceTest, OtherMethodsAreToldWhichOne) {
  for (const char* method : {"GET", "PUT", "DELETE", "HEAD", "OPTIONS", "post"}) {
    SCOPED_TRACE(method);
    http::Request request = Post("/", kStructured, kEvent);
    request.method = method;

    Handle(source_, request);

    EXPECT_EQ(response_->status, 405);
    EXPECT_EQ(http::FindHeader(response_->headers, "allow"), "POST");
  }
  EXPECT_THAT(link_.submissions, IsEmpty());
}

TEST_F(HttpSourceTest, BadInputIsRefusedWithTheReasonAndNothingIsSubmitted) {
  struct Case {
    const char* type;
    std::string body;
    int status;
    const char* reason;
    const char* detail;
  };
  const std::string bad = R"({"specversion":"1.0","id":"1","source":"/s"})";
  const Case cases[] = {
      {kStructured, "{", 400, "invalid", "line 1"},
      {kStructured, bad, 400, "invalid", "attribute type is missing"},
      {kBatch, absl::StrCat("[", kEvent, ",", bad, "]"), 400, "invalid",
       "event 1: attribute type is missing"},
      {"text/plain", "x", 415, "content_type", "send application/cloudevents+json"},
      {kBatch, absl::StrCat("[", kEvent, ",", kEvent, ",", kEvent, "]"), 413, "too_large",
       "split it"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.detail);

    Handle(source_, Post("/", c.type, c.body));

    ASSERT_TRUE(response_.has_value());
    EXPECT_EQ(response_->status, c.status);
    EXPECT_EQ(http::FindHeader(response_->headers, "content-type"), "application/problem+json");
    EXPECT_THAT(Detail(), HasSubstr(c.detail));
  }
  EXPECT_THAT(link_.submissions, IsEmpty());
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_refused_total{reason=\"invalid\"} 3\n"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_refused_total{reason=\"too_large\"} 1\n"));
}

// 1.4 MB of 1e9 become 4.6 MB of 1000000000.0.
TEST_F(HttpSourceTest, AnEventThatGrowsBeyondTheStreamIsRefused) {
  std::string data = "[1e9";
  for (int i = 0; i < 350'000; ++i) data += ",1e9";
  const std::string event = R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data":)";

  Handle(source_, Post("/", kBatch, absl::StrCat("[", kEvent, ",", event, data, "]}]")));

  ASSERT_TRUE(response_.has_value());
  EXPECT_EQ(response_->status, 413);
  EXPECT_THAT(Detail(), HasSubstr("event 1: the event has "));
  EXPECT_THAT(link_.submissions, IsEmpty());
}

TEST_F(HttpSourceTest, TooMuchInFlightIsBackPressureAtOnce) {
  Handle(source_, Post("/", kStructured, kEvent));
  Handle(source_, Post("/", kStructured, kEvent));
  EXPECT_FALSE(response_.has_value());

  Handle(source_, Post("/", kStructured, kEvent));

  ASSERT_TRUE(response_.has_value());
  EXPECT_EQ(response_->status, 503);
  EXPECT_EQ(http::FindHeader(response_->headers, "retry-after"), "1");
  EXPECT_THAT(Detail(), HasSubstr("2 events are in flight"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("jobexec_intake_refused_total{reason=\"busy\"} 1\n"));
}

TEST_F(HttpSourceTest, CountsWhatTheServerRefuses) {
  for (const char* reason :
       {"body_too_large", "header_too_large", "timeout", "malformed", "connections"}) {
    source_.NoteRefusal(reason);

    EXPECT_THAT(metrics_.Text(), HasSubstr(absl::StrCat("jobexec_intake_refused_total{reason=\"",
                                                        reason, "\"} 1\n")));
  }
}

}  // namespace
}  // namespace jobexec::intake
