#include "common/rpc/time.h"

#include <gtest/gtest.h>

namespace jobexec::rpc {
namespace {

TEST(Time, TimesGoThereAndBack) {
  const absl::Time after = absl::FromUnixSeconds(1'700'000'000) + absl::Nanoseconds(120'000'001);
  const google::protobuf::Timestamp wire = ToWire(after);
  EXPECT_EQ(wire.seconds(), 1'700'000'000);
  EXPECT_EQ(wire.nanos(), 120'000'001);
  EXPECT_EQ(FromWire(wire), after);
}

TEST(Time, NanosecondsAreNotNegativeBefore1970) {
  const absl::Time before = absl::UnixEpoch() - absl::Milliseconds(1500);
  const google::protobuf::Timestamp wire = ToWire(before);
  EXPECT_EQ(wire.seconds(), -2);
  EXPECT_EQ(wire.nanos(), 500'000'000);
  EXPECT_EQ(FromWire(wire), before);
}

TEST(Time, BothPartsOfADurationHaveItsSign) {
  for (const int sign : {1, -1}) {
    const absl::Duration duration = sign * absl::Milliseconds(2250);
    const google::protobuf::Duration wire = ToWire(duration);
    EXPECT_EQ(wire.seconds(), sign * 2);
    EXPECT_EQ(wire.nanos(), sign * 250'000'000);
    EXPECT_EQ(FromWire(wire), duration);
  }
}

}  // namespace
}  // namespace jobexec::rpc
