#include "common/base/status_details.h"

#include <gtest/gtest.h>

namespace jobexec {
namespace {

TEST(StatusDetails, AnnotateKeepsCodeAndPayloads) {
  absl::Status status = absl::UnavailableError("connection refused");
  SetRetryAfter(status, absl::Seconds(3));
  SetReason(status, "STORE_DOWN");

  const absl::Status annotated = Annotate(status, "reading job/config.yaml");

  EXPECT_EQ(annotated.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(annotated.message(), "reading job/config.yaml: connection refused");
  EXPECT_EQ(GetRetryAfter(annotated), absl::Seconds(3));
  EXPECT_EQ(GetReason(annotated), "STORE_DOWN");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "x").ok());
}

TEST(StatusDetails, TransientMeansItMayPassByItself) {
  EXPECT_TRUE(IsTransient(absl::UnavailableError("")));
  EXPECT_TRUE(IsTransient(absl::DeadlineExceededError("")));
  EXPECT_FALSE(IsTransient(absl::NotFoundError("")));
  EXPECT_FALSE(IsTransient(absl::InvalidArgumentError("")));
  EXPECT_EQ(GetRetryAfter(absl::UnavailableError("")), std::nullopt);
}

}  // namespace
}  // namespace jobexec
