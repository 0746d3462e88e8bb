#include "tests/support/keptn/paging.h"

#include <gtest/gtest.h>

namespace jobexec::test_keptn {
namespace {

// What 45 open events gave on a running shipyard-controller.
TEST(BrokenPage, RepeatsTheFirstElements) {
  const Page first = BrokenPage(45, {.size = 20, .offset = 0});
  EXPECT_EQ(first.begin, 0);
  EXPECT_EQ(first.end, 20);
  EXPECT_EQ(first.next_key, "20");
  const Page second = BrokenPage(45, {.size = 20, .offset = 20});
  EXPECT_EQ(second.begin, 0);
  EXPECT_EQ(second.end, 20);
  EXPECT_EQ(second.next_key, "40");
  const Page third = BrokenPage(45, {.size = 20, .offset = 40});
  EXPECT_EQ(third.begin, 0);
  EXPECT_EQ(third.end, 5);
  EXPECT_EQ(third.next_key, "0");
}

TEST(BrokenPage, OneLargePageHasEverything) {
  const Page page = BrokenPage(45, {.size = 1000});
  EXPECT_EQ(page.end, 45);
  EXPECT_EQ(page.next_key, "0");
}

TEST(BrokenPage, ASizeOfZeroGivesNothing) {
  const Page page = BrokenPage(45, {.size = 0});
  EXPECT_EQ(page.end, 0);
  EXPECT_EQ(page.next_key, "0");
}

TEST(RightPage, GoesOnWhereThePageBeforeEnded) {
  const Page page = RightPage(45, {.size = 20, .offset = 40});
  EXPECT_EQ(page.begin, 40);
  EXPECT_EQ(page.end, 45);
  EXPECT_EQ(page.next_key, "0");
}

TEST(RightPage, BeyondTheEndIsEmpty) {
  const Page page = RightPage(5, {.size = 20, .offset = 60});
  EXPECT_EQ(page.begin, page.end);
  EXPECT_EQ(RightPage(0, {}).end, 0);
}

}  // namespace
}  // namespace jobexec::test_keptn
