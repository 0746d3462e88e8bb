#include "common/rpc/status.h"

#include <gtest/gtest.h>

#include "common/base/status_details.h"

namespace jobexec::rpc {
namespace {

TEST(RpcStatus, CarriesCodeMessageReasonAndDelayBothWays) {
  absl::Status status = absl::ResourceExhaustedError("queue is full");
  SetReason(status, "QUEUE_FULL");
  SetRetryAfter(status, absl::Milliseconds(2500));

  const absl::Status back = FromGrpc(ToGrpc(status));

  EXPECT_EQ(back.code(), status.code());
  EXPECT_EQ(back.message(), status.message());
  EXPECT_EQ(GetReason(back), "QUEUE_FULL");
  EXPECT_EQ(GetRetryAfter(back), absl::Milliseconds(2500));
}

TEST(RpcStatus, TakesStatusesWithoutDetails) {
  EXPECT_TRUE(FromGrpc(ToGrpc(absl::OkStatus())).ok());
  EXPECT_EQ(FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "x", "not a protobuf")).code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace jobexec::rpc
