#include "common/base/backoff.h"

#include <gmock/gmock.h>

namespace jobexec {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

TEST(Backoff, DoublesUpToTheLimitAndStartsAgainAfterReset) {
  Backoff backoff(absl::Seconds(1), absl::Seconds(5));

  for (int step : {1, 2, 4, 5, 5}) {
    EXPECT_THAT(backoff.Next(), AllOf(Ge(absl::Seconds(step) / 2), Le(absl::Seconds(step))));
  }
  backoff.Reset();
  EXPECT_THAT(backoff.Next(), Le(absl::Seconds(1)));
}

}  // namespace
}  // namespace jobexec
