#include "common/rpc/outcome_name.h"

#include <gtest/gtest.h>

namespace jobexec::rpc {
namespace {

using jobexecutor::v1::EventOutcome;

TEST(OutcomeName, NamesEachAndTakesNoneForRetry) {
  EXPECT_EQ(OutcomeName(EventOutcome::kAccepted), "accepted");
  EXPECT_EQ(OutcomeName(EventOutcome::kIgnored), "ignored");
  EXPECT_EQ(OutcomeName(EventOutcome::kRejected), "rejected");
  EXPECT_EQ(OutcomeName(EventOutcome::kRetry), "retry");
  EXPECT_EQ(OutcomeName(EventOutcome::OUTCOME_NOT_SET), "retry");
}

}  // namespace
}  // namespace jobexec::rpc
