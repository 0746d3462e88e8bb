#include "common/nats/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jobexec::nats {
namespace {

using ::testing::MatchesRegex;

TEST(DurableName, AllowedNamesStay) {
  EXPECT_EQ(DurableName("jobexec"), "jobexec");
  EXPECT_EQ(DurableName("Team_a-2"), "Team_a-2");
}

TEST(DurableName, OthersAreChangedAndKeptApart) {
  EXPECT_THAT(DurableName("team.a"), MatchesRegex("team_a-[0-9a-f]+"));
  EXPECT_THAT(DurableName("a b*>/\\"), MatchesRegex("a_b____-[0-9a-f]+"));
  EXPECT_THAT(DurableName(""), MatchesRegex("-[0-9a-f]+"));
  EXPECT_NE(DurableName("team.a"), DurableName("team_a"));
  EXPECT_NE(DurableName("team.a"), DurableName("team a"));
}

}  // namespace
}  // namespace jobexec::nats
