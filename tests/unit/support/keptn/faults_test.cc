#include "tests/support/keptn/faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"

namespace jobexec::test_keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

http::Request Post(const std::string& target, const std::string& body) {
  return {.method = "POST", .target = target, .body = body};
}

TEST(FitsPattern, StarsAreAnyText) {
  EXPECT_TRUE(FitsPattern("*/v1/event", "/api/v1/event"));
  EXPECT_TRUE(FitsPattern("/a/*/c*", "/a/b/c/d"));
  EXPECT_TRUE(FitsPattern("*", ""));
  EXPECT_FALSE(FitsPattern("*/v1/event", "/api/v1/event/triggered"));
  EXPECT_FALSE(FitsPattern("/a", "/ab"));
}

TEST(Faults, HitTheCallsThatFitAndSoManyTimes) {
  Faults faults;
  faults.Add({.method = "POST", .path = "*/v1/event", .body = "deploy.started", .times = 2});

  EXPECT_FALSE(faults.Take(Post("/v1/log", "deploy.started")).has_value());
  EXPECT_FALSE(faults.Take(Post("/v1/event", "deploy.finished")).has_value());
  EXPECT_TRUE(faults.Take(Post("/v1/event?x=y", "deploy.started")).has_value());
  EXPECT_TRUE(faults.Take(Post("/v1/event", "deploy.started")).has_value());
  EXPECT_FALSE(faults.Take(Post("/v1/event", "deploy.started")).has_value());
}

TEST(Faults, StayUntilTheyAreRemoved) {
  Faults faults;
  const int first = faults.Add({.effect = Fault::Effect::kCut, .times = 0});
  faults.Add({.effect = Fault::Effect::kNone, .times = 0});

  EXPECT_EQ(faults.Take(Post("/", ""))->effect, Fault::Effect::kCut);
  EXPECT_EQ(faults.Take(Post("/", ""))->effect, Fault::Effect::kCut);
  EXPECT_THAT(faults.List(), SizeIs(2));
  faults.Remove(first);
  EXPECT_EQ(faults.Take(Post("/", ""))->effect, Fault::Effect::kNone);
  faults.Clear();
  EXPECT_THAT(faults.List(), IsEmpty());
}

TEST(FaultFromJson, ReadsWhatToJsonWrites) {
  const Fault fault{.method = "GET",
                    .path = "/a",
                    .body = "b",
                    .effect = Fault::Effect::kStatus,
                    .status = 429,
                    .retry_after = "7",
                    .delay = absl::Milliseconds(20),
                    .times = 3};

  const auto read = FaultFromJson(ToJson(fault));

  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(ToJson(*read), ToJson(fault));
  EXPECT_EQ(read->status, 429);
  EXPECT_THAT(FaultFromJson({{"effect", "explode"}}),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("explode")));
}

}  // namespace
}  // namespace jobexec::test_keptn
