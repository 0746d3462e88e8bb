#include "common/base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"

namespace jobexec {
namespace {

TEST(WorkerPool, RunsEverythingQueuedBeforeItIsDestroyed) {
  std::atomic<int> done = 0;
  {
    WorkerPool pool(2, 100);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(pool.TrySubmit([&done] { ++done; }));
  }
  EXPECT_EQ(done, 100);
}

TEST(WorkerPool, RefusesWhenItsQueueIsFull) {
  absl::Notification running;
  absl::Notification release;
  WorkerPool pool(1, 1);
  pool.TrySubmit([&] {
    running.Notify();
    release.WaitForNotification();
  });
  running.WaitForNotification();

  EXPECT_TRUE(pool.TrySubmit([] {}));
  EXPECT_FALSE(pool.TrySubmit([] {}));
  EXPECT_EQ(pool.Queued(), 1);
  release.Notify();
}

}  // namespace
}  // namespace jobexec
