#include "common/base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>

namespace jobexec {
namespace {

TEST(BoundedQueue, RefusesWhatDoesNotFitAndLeavesItUntouched) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto second = std::make_unique<int>(2);

  EXPECT_TRUE(queue.TryPush(std::make_unique<int>(1)));
  EXPECT_FALSE(queue.TryPush(std::move(second)));

  ASSERT_NE(second, nullptr);
  EXPECT_EQ(**queue.Pop(), 1);
  EXPECT_TRUE(queue.TryPush(std::move(second)));
}

TEST(BoundedQueue, HandsOutWhatIsQueuedAfterClose) {
  BoundedQueue<int> queue(2);
  queue.TryPush(1);
  queue.Close();

  EXPECT_FALSE(queue.TryPush(2));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

}  // namespace
}  // namespace jobexec
