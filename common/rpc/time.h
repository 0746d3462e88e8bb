// Times and durations on the wire.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"

namespace jobexec::rpc {

absl::Time FromWire(const google::protobuf::Timestamp& timestamp);
absl::Duration FromWire(const google::protobuf::Duration& duration);

// To the nanosecond.
google::protobuf::Timestamp ToWire(absl::Time time);
google::protobuf::Duration ToWire(absl::Duration duration);

}  // namespace jobexec::rpc
