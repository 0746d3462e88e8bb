#include "common/base/rate_limit.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace jobexec {
namespace {

TEST(RateLimit, AllowsSoManyInEachSecondAndCountsTheRest) {
  testing::FakeClock clock;
  RateLimit limit(clock, 2);

  EXPECT_EQ(limit.Allow(), 0);
  EXPECT_EQ(limit.Allow(), 0);
  EXPECT_EQ(limit.Allow(), std::nullopt);
  clock.Advance(absl::Milliseconds(999));
  EXPECT_EQ(limit.Allow(), std::nullopt);

  clock.Advance(absl::Milliseconds(1));
  EXPECT_EQ(limit.Allow(), 2);
  EXPECT_EQ(limit.Allow(), 0);
  EXPECT_EQ(limit.Allow(), std::nullopt);

  clock.Advance(absl::Hours(1));
  EXPECT_EQ(limit.Allow(), 1);
}

}  // namespace
}  // namespace jobexec
