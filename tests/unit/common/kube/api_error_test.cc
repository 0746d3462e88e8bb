#include "common/kube/api_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/base/status_details.h"

namespace jobexec::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
  int http_status;
  const char* reason;
  const char* message;
  absl::StatusCode code;
  const char* expected_reason;
};

TEST(ApiError, FollowsTheTable) {
  using Code = absl::StatusCode;
  const Case cases[] = {
      {302, "", "", Code::kUnavailable, ""},
      {400, "BadRequest", "bad", Code::kInvalidArgument, "BadRequest"},
      {401, "Unauthorized", "who?", Code::kUnauthenticated, "Unauthorized"},
      {403, "Forbidden", "user x cannot create", Code::kPermissionDenied, "Forbidden"},
      {403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1",
       Code::kPermissionDenied, "QUOTA"},
      {403, "Forbidden",
       "unable to create new content in namespace n because it is being terminated",
       Code::kPermissionDenied, "TERMINATING"},
      {404, "NotFound", "gone", Code::kNotFound, "NotFound"},
      {405, "MethodNotAllowed", "no", Code::kInvalidArgument, "MethodNotAllowed"},
      {408, "Timeout", "slow", Code::kUnavailable, "Timeout"},
      {409, "AlreadyExists", "exists", Code::kAlreadyExists, "AlreadyExists"},
      {409, "Conflict", "modified", Code::kAborted, "Conflict"},
      {410, "Expired", "too old", Code::kOutOfRange, "Expired"},
      {413, "RequestEntityTooLarge", "3 MiB", Code::kResourceExhausted, "TOO_LARGE"},
      {422, "Invalid", "test failed", Code::kInvalidArgument, "Invalid"},
      {429, "TooManyRequests", "wait", Code::kUnavailable, "TooManyRequests"},
      {500, "InternalError", "etcd", Code::kUnavailable, "InternalError"},
      {504, "Timeout", "etcd", Code::kUnavailable, "Timeout"},
  };
  for (const Case& c : cases) {
    const nlohmann::json body = {
        {"kind", "Status"}, {"reason", c.reason}, {"message", c.message}, {"code", c.http_status}};

    const absl::Status status = ResponseError("create jobs", {c.http_status, {}, body.dump()});

    EXPECT_EQ(status.code(), c.code) << c.http_status << c.message;
    EXPECT_EQ(GetReason(status), c.expected_reason) << c.http_status << c.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
    EXPECT_THAT(std::string(status.message()), HasSubstr("create jobs: the API server answered "));
    EXPECT_EQ(StatusObjectError("create jobs", body).code(), c.code)
        << "the same in an ERROR event";
  }
}

TEST(ApiError, TakesRetryAfterFromHeaderOrBody) {
  const nlohmann::json body = {{"kind", "Status"}, {"details", {{"retryAfterSeconds", 3}}}};

  EXPECT_EQ(GetRetryAfter(ResponseError("x", {429, {{"Retry-After", "7"}}, ""})), absl::Seconds(7));
  EXPECT_EQ(GetRetryAfter(ResponseError("x", {503, {}, body.dump()})), absl::Seconds(3));
  EXPECT_EQ(GetRetryAfter(ResponseError("x", {429, {{"Retry-After", "999999999"}}, ""})),
            absl::Hours(1));
  EXPECT_EQ(GetRetryAfter(ResponseError("x", {429, {}, ""})), std::nullopt);
}

TEST(ApiError, ShowsPlainTextButNoOtherBodies) {
  const absl::Status plain = ResponseError(
      "x", {429, {{"Content-Type", "text/plain; charset=utf-8"}}, "Too many requests\n"});
  const absl::Status page =
      ResponseError("x", {502, {{"Content-Type", "text/html"}}, "<html>proxy</html>"});
  const absl::Status other = ResponseError("x", {500, {}, R"({"kind":"Job","message":"secret"})"});

  EXPECT_THAT(std::string(plain.message()), HasSubstr("429: Too many requests"));
  EXPECT_THAT(std::string(page.message()), Not(HasSubstr("html")));
  EXPECT_THAT(std::string(other.message()), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace jobexec::kube
