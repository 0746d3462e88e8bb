// How every gRPC channel of jobexec is set up.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

namespace jobexec::rpc {

// A channel to `target` ("host:port" or "dns:///host:port"; a headless Service gives every replica
// and calls go round robin). Keepalive finds dead peers within 40 s. Connects on first use and
// reconnects by itself within 5 s of a server's return.
std::shared_ptr<grpc::Channel> CreateChannel(const std::string& target);

}  // namespace jobexec::rpc
