#include "intake/old_deliveries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "tests/support/status_matchers.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

// Each question waits until the test lets it go.
class SlowAnswered final : public Answered {
 public:
  absl::StatusOr<bool> WasAnswered(const Delivery& /*delivery*/) override {
    if (!asked.HasBeenNotified()) asked.Notify();
    go_on.WaitForNotification();
    return true;
  }

  absl::Notification asked;
  absl::Notification go_on;
};

class OldDeliveriesTest : public ::testing::Test {
 protected:
  // The result of one question; not OK with code kUnknown while there is none.
  struct Result {
    absl::StatusOr<bool> value = absl::UnknownError("none yet");
  };
  void Ask(Result& result) {
    old_.Ask(delivery_, [&result](absl::StatusOr<bool> value) { result.value = std::move(value); });
  }

  Metrics metrics_;
  SlowAnswered answered_;
  OldDeliveries old_{answered_, {.threads = 1, .queue = 1}, metrics_};
  Delivery delivery_;
};

TEST_F(OldDeliveriesTest, MoreThanMayWaitAreGivenBack) {
  Result first, second, third;
  Ask(first);
  answered_.asked.WaitForNotification();
  Ask(second);
  Ask(third);

  EXPECT_THAT(third.value, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("too many")));
  answered_.go_on.Notify();
  old_.Stop();
  EXPECT_THAT(first.value, IsOk());
  EXPECT_TRUE(*first.value);
}

TEST_F(OldDeliveriesTest, WhatWaitsWhenItStopsIsGivenBack) {
  Result first, second, third;
  Ask(first);
  answered_.asked.WaitForNotification();
  Ask(second);
  std::thread stopping([this] { old_.Stop(); });
  // Once it is stopping nothing is queued any more.
  while (!absl::IsUnavailable(third.value.status())) Ask(third);
  answered_.go_on.Notify();
  stopping.join();

  EXPECT_THAT(first.value, IsOk());
  EXPECT_THAT(second.value, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stopping")));
  EXPECT_THAT(metrics_.Text(), HasSubstr("old_deliveries_total{result=\"answered\"} 1\n"));
}

}  // namespace
}  // namespace jobexec::intake
