// absl::Status on the wire: canonical codes with google.rpc details.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace jobexec::rpc {

// The status with ErrorInfo (the reason, domain "jobexec.dev") and RetryInfo (the retry-after) as
// details, if it has them.
grpc::Status ToGrpc(const absl::Status& status);

// The inverse; unknown details are dropped.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace jobexec::rpc
