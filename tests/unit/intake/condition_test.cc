#include "intake/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/base/status_details.h"
#include "tests/support/status_matchers.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

class ConditionTest : public ::testing::Test {
 protected:
  // Log lines that saying `status` writes.
  std::string LinesOf(const absl::Status& status) {
    ::testing::internal::CaptureStdout();
    condition_.Set(status);
    return ::testing::internal::GetCapturedStdout();
  }

  Condition condition_{"the thing", absl::UnavailableError("not tried yet")};
};

TEST_F(ConditionTest, NamesItsSubject) {
  EXPECT_THAT(condition_.Get(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the thing: not tried yet")));
  condition_.Set(absl::OkStatus());
  EXPECT_THAT(condition_.Get(), IsOk());
}

TEST_F(ConditionTest, LogsChangesOnly) {
  absl::Status with_delay = absl::UnauthenticatedError("401");
  SetRetryAfter(with_delay, absl::Seconds(3));

  EXPECT_THAT(LinesOf(absl::UnauthenticatedError("401")), HasSubstr("does not work"));
  EXPECT_EQ(LinesOf(absl::UnauthenticatedError("401")), "");
  EXPECT_EQ(LinesOf(with_delay), "");
  EXPECT_THAT(LinesOf(absl::UnavailableError("refused")), HasSubstr("refused"));
  EXPECT_THAT(LinesOf(absl::OkStatus()), HasSubstr("the thing works"));
  EXPECT_EQ(LinesOf(absl::OkStatus()), "");
}

}  // namespace
}  // namespace jobexec::intake
