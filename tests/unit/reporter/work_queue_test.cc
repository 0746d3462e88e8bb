#include "reporter/work_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_clock.h"

namespace jobexec::reporter {
namespace {

class WorkQueueTest : public ::testing::Test {
 protected:
  WorkQueueTest() { queue_.Open(); }

  // Everything that waits now, in order; each is done at once.
  std::string Drain() {
    std::string keys;
    while (std::optional<std::string> key = queue_.TryTake()) {
      keys += *key;
      queue_.Done(*key);
    }
    return keys;
  }

  jobexec::testing::FakeClock clock_;
  WorkQueue queue_{clock_};
};

TEST_F(WorkQueueTest, AKeyWaitsOnce) {
  for (const char* key : {"a", "b", "a", "a"}) queue_.Add(key);
  EXPECT_EQ(Drain(), "ab");
}

TEST_F(WorkQueueTest, AKeyIsNeverHandedOutTwiceAtOnce) {
  queue_.Add("a");
  ASSERT_EQ(queue_.TryTake(), "a");
  queue_.Add("a");
  queue_.Add("a");
  EXPECT_EQ(queue_.TryTake(), std::nullopt);
  queue_.Done("a");
  EXPECT_EQ(Drain(), "a");
}

TEST_F(WorkQueueTest, DelayedKeysComeWhenTheyAreDue) {
  queue_.AddAfter("late", absl::Seconds(10));
  queue_.AddAfter("soon", absl::Seconds(5));
  clock_.Advance(absl::Seconds(4));
  queue_.AddDue();
  EXPECT_EQ(Drain(), "");
  clock_.Advance(absl::Seconds(6));
  queue_.AddDue();
  EXPECT_EQ(Drain(), "soonlate");
}

TEST_F(WorkQueueTest, TheEarliestDelayHolds) {
  queue_.AddAfter("a", absl::Seconds(10));
  queue_.AddAfter("a", absl::Seconds(5));
  queue_.AddAfter("a", absl::Seconds(20));
  clock_.Advance(absl::Seconds(5));
  queue_.AddDue();
  EXPECT_EQ(Drain(), "a");
  clock_.Advance(absl::Seconds(60));
  queue_.AddDue();
  EXPECT_EQ(Drain(), "");
}

TEST_F(WorkQueueTest, NothingIsHandedOutBeforeOpen) {
  WorkQueue closed(clock_);
  closed.Add("a");
  EXPECT_EQ(closed.TryTake(), std::nullopt);
  closed.Open();
  EXPECT_EQ(closed.TryTake(), "a");
}

TEST_F(WorkQueueTest, CloseEndsWaits) {
  std::thread waiter([this] { EXPECT_EQ(queue_.Take(), std::nullopt); });
  queue_.Close();
  waiter.join();
  queue_.Add("a");
  EXPECT_EQ(queue_.TryTake(), std::nullopt);
}

}  // namespace
}  // namespace jobexec::reporter
