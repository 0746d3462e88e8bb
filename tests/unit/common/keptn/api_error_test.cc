#include "common/keptn/api_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status_details.h"
#include "tests/support/status_matchers.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

using Code = absl::StatusCode;

struct Case {
  int status;
  const char* body;
  Code code;
  bool not_sent;
  bool reachable;
};

constexpr char kKeptns[] = R"({"code":1,"message":"in Keptn's words"})";
constexpr char kProxys[] = "<html>a proxy's page</html>";

TEST(ResponseError, EveryStatus) {
  const Case cases[] = {
      {301, "", Code::kFailedPrecondition, true, false},
      {307, kProxys, Code::kFailedPrecondition, true, false},
      {400, kKeptns, Code::kInvalidArgument, true, true},
      {401, kKeptns, Code::kUnauthenticated, true, false},
      {403, kProxys, Code::kUnauthenticated, true, false},
      {404, kKeptns, Code::kNotFound, true, true},
      {404, kProxys, Code::kUnavailable, true, false},
      {404, "default backend - 404", Code::kUnavailable, true, false},
      {404, "404 page not found", Code::kUnimplemented, true, true},
      {405, kProxys, Code::kUnimplemented, true, true},
      {408, kProxys, Code::kUnavailable, false, false},
      {409, kKeptns, Code::kAborted, false, true},
      {413, kProxys, Code::kInvalidArgument, true, true},
      {422, kKeptns, Code::kInvalidArgument, true, true},
      {424, kKeptns, Code::kFailedPrecondition, true, true},
      {429, kProxys, Code::kUnavailable, true, false},
      {500, kKeptns, Code::kUnavailable, false, true},
      {500, kProxys, Code::kUnavailable, false, false},
      {501, kKeptns, Code::kUnimplemented, true, true},
      {502, kProxys, Code::kUnavailable, false, false},
      {503, kProxys, Code::kUnavailable, false, false},
      {504, kProxys, Code::kUnavailable, false, false},
  };
  for (const Case& c : cases) {
    const absl::Status status = ResponseError("GET x", {c.status, {}, c.body});
    EXPECT_EQ(status.code(), c.code) << c.status << c.body;
    EXPECT_EQ(GetReason(status), c.not_sent ? "NOT_SENT" : "") << c.status << c.body;
    EXPECT_EQ(ShowsReachable(status), c.reachable) << c.status << c.body;
    EXPECT_EQ(GetErrorAnswer(status)->status, c.status);
    EXPECT_EQ(GetErrorAnswer(status)->from_keptn, c.body == kKeptns);
  }
}

TEST(ResponseError, SaysWhatKeptnSaid) {
  const absl::Status status =
      ResponseError("GET resource-service /v1/x", {404, {}, R"({"message":"Stage not found"})"});

  EXPECT_EQ(status.message(), "GET resource-service /v1/x: Keptn answered 404: Stage not found");
  EXPECT_EQ(GetErrorAnswer(status)->message, "Stage not found");
}

TEST(ResponseError, KeepsMessagesShortAndPrintable) {
  const std::string body = R"({"message":"\u001b[31m)" + std::string(10'000, 'x') + "\"}";
  const absl::Status status = ResponseError("GET x", {500, {}, body});

  EXPECT_LT(status.message().size(), 3000);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\\x1b[31m"));
}

TEST(ResponseError, PassesOnWhenToComeBack) {
  const auto after = [](const char* value) {
    return GetRetryAfter(ResponseError("GET x", {429, {{"Retry-After", value}}, ""}));
  };

  EXPECT_EQ(after("7"), absl::Seconds(7));
  EXPECT_EQ(after("999999"), absl::Hours(1));
  EXPECT_EQ(after("-5"), absl::ZeroDuration());
  EXPECT_EQ(after("soon"), std::nullopt);
}

TEST(ResponseError, TellsWhatToDo) {
  EXPECT_THAT(ResponseError("GET x", {401, {}, ""}),
              StatusIs(Code::kUnauthenticated, HasSubstr("KEPTN_API_TOKEN")));
  EXPECT_THAT(ResponseError("GET x", {302, {}, ""}),
              StatusIs(Code::kFailedPrecondition, HasSubstr("KEPTN_API_ENDPOINT")));
}

TEST(GetErrorAnswer, IsEmptyWhereNobodyAnswered) {
  EXPECT_EQ(GetErrorAnswer(absl::UnavailableError("refused")), std::nullopt);
  EXPECT_EQ(GetErrorAnswer(absl::OkStatus()), std::nullopt);
}

TEST(ShowsReachable, WithoutAnAnswer) {
  EXPECT_TRUE(ShowsReachable(absl::OkStatus()));
  EXPECT_TRUE(ShowsReachable(absl::ResourceExhaustedError("too large")));
  EXPECT_FALSE(ShowsReachable(absl::UnavailableError("refused")));
  EXPECT_FALSE(ShowsReachable(absl::DeadlineExceededError("slow")));
  EXPECT_FALSE(ShowsReachable(absl::FailedPreconditionError("certificate")));
  EXPECT_FALSE(ShowsReachable(absl::UnauthenticatedError("OAuth")));
}

}  // namespace
}  // namespace jobexec::keptn
