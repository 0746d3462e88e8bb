// A server stream that is over before it begins.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "common/rpc/status.h"

namespace jobexec::reporter {

// Owns itself.
template <typename Response>
class RefusedCall final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit RefusedCall(const absl::Status& status) { this->Finish(rpc::ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace jobexec::reporter
