#include "intake/http_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"

namespace jobexec::intake {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

EventOutcome Accepted() {
  EventOutcome outcome;
  auto& accepted = *outcome.mutable_accepted();
  accepted.set_already_known(true);
  auto& run = *accepted.add_runs();
  run.set_action("deploy");
  run.add_jobs("ns/a");
  run.add_jobs("ns/b");
  accepted.add_runs()->set_action("quiet");
  accepted.mutable_runs(1)->set_silent(true);
  return outcome;
}

EventOutcome Ignored() {
  EventOutcome outcome;
  outcome.mutable_ignored()->set_reason("no action matches");
  return outcome;
}

EventOutcome Rejected(absl::StatusCode code, bool recorded) {
  EventOutcome outcome;
  auto& rejected = *outcome.mutable_rejected();
  rejected.set_code(static_cast<int>(code));
  rejected.set_reason("WHY");
  rejected.set_message("line 3 is wrong");
  rejected.set_recorded(recorded);
  return outcome;
}

constexpr char kAccepted[] =
    R"({"outcome":"accepted","runs":[{"action":"deploy","jobs":["ns/a","ns/b"],"silent":false},)"
    R"({"action":"quiet","jobs":[],"silent":true}],"alreadyKnown":true})";
constexpr char kIgnored[] = R"({"outcome":"ignored","reason":"no action matches"})";
constexpr char kRecorded[] =
    R"({"outcome":"rejected","recorded":true,"code":"INVALID_ARGUMENT","reason":"WHY",)"
    R"("message":"line 3 is wrong"})";
constexpr char kUnrecorded[] =
    R"({"outcome":"rejected","recorded":false,"code":"ALREADY_EXISTS","reason":"WHY",)"
    R"("message":"line 3 is wrong"})";

TEST(HttpAnswers, DecidedEventsAre202WithTheOutcome) {
  const std::pair<EventOutcome, std::string> cases[] = {
      {Accepted(), kAccepted},
      {Ignored(), kIgnored},
      {Rejected(absl::StatusCode::kInvalidArgument, true), kRecorded},
  };
  for (const auto& [outcome, body] : cases) {
    const http::Response response = AnswerTo(outcome);

    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(http::FindHeader(response.headers, "content-type"), "application/json");
    EXPECT_EQ(response.body, body + "\n");
  }
}

TEST(HttpAnswers, RefusalsThatAreNotRecordedAreProblems) {
  const std::pair<absl::StatusCode, int> cases[] = {
      {absl::StatusCode::kAlreadyExists, 409},
      {absl::StatusCode::kInvalidArgument, 422},
      {absl::StatusCode::kPermissionDenied, 422},
  };
  for (const auto& [code, status] : cases) {
    const http::Response response = AnswerTo(Rejected(code, false));

    EXPECT_EQ(response.status, status);
    EXPECT_EQ(http::FindHeader(response.headers, "content-type"), "application/problem+json");
    EXPECT_EQ(Json::parse(response.body).at("detail"), "WHY: line 3 is wrong");
  }
}

TEST(HttpAnswers, RetryIs503WithWholeSeconds) {
  const std::pair<absl::Duration, std::string> cases[] = {
      {absl::Milliseconds(1), "1"}, {absl::Seconds(1), "1"},     {absl::Milliseconds(1001), "2"},
      {absl::Seconds(30), "30"},    {absl::ZeroDuration(), "1"},
  };
  for (const auto& [delay, seconds] : cases) {
    const http::Response response = AnswerTo(RetryOutcome(delay, "the store is away"));

    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(http::FindHeader(response.headers, "retry-after"), seconds.c_str());
    EXPECT_EQ(Json::parse(response.body).at("detail"), "the store is away");
    EXPECT_THAT(response.body, HasSubstr("send the same again"));
  }
}

TEST(HttpAnswers, ABatchListsItsOutcomesInOrder) {
  const http::Response response =
      AnswerToBatch({Accepted(), Rejected(absl::StatusCode::kAlreadyExists, false), Ignored(),
                     Rejected(absl::StatusCode::kInvalidArgument, true)});

  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(Json::parse(response.body), Json({{"outcomes",
                                               {Json::parse(kAccepted), Json::parse(kUnrecorded),
                                                Json::parse(kIgnored), Json::parse(kRecorded)}}}));
}

TEST(HttpAnswers, AnEmptyBatchHasNoOutcomes) {
  EXPECT_EQ(AnswerToBatch({}).status, 202);
  EXPECT_EQ(AnswerToBatch({}).body, "{\"outcomes\":[]}\n");
}

TEST(HttpAnswers, OneUndecidedEventMakesTheBatchA503) {
  const http::Response response =
      AnswerToBatch({Accepted(), RetryOutcome(absl::Seconds(2), "first"), Ignored(),
                     RetryOutcome(absl::Seconds(9), "second")});

  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(http::FindHeader(response.headers, "retry-after"), "9");
  EXPECT_EQ(Json::parse(response.body).at("detail"), "2 of 4 events are not decided: first");
}

}  // namespace
}  // namespace jobexec::intake
