#include "common/rpc/server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/rpc/channel.h"
#include "jobexecutor/v1/resources.grpc.pb.h"
#include "tests/support/status_matchers.h"

namespace jobexec::rpc {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

grpc::StatusCode CallFetch(int port) {
  const auto channel = CreateChannel("127.0.0.1:" + std::to_string(port));
  jobexecutor::v1::Resources::Stub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(RealClock().TimeNow() + absl::Seconds(30)));
  context.set_wait_for_ready(true);
  jobexecutor::v1::FetchRequest request;
  const auto reader = stub.Fetch(&context, request);
  jobexecutor::v1::FetchResponse response;
  while (reader->Read(&response)) {
  }
  return reader->Finish().error_code();
}

TEST(RpcServer, ServesOnAnyPortAndStops) {
  jobexecutor::v1::Resources::Service unimplemented;
  auto server = Server::Start({.address = "127.0.0.1"}, {&unimplemented});
  ASSERT_THAT(server, IsOk());

  EXPECT_EQ(CallFetch((*server)->port()), grpc::StatusCode::UNIMPLEMENTED);
  (*server)->Shutdown(absl::ZeroDuration());
}

TEST(RpcServer, SaysWhichPortIsTaken) {
  auto first = Server::Start({.address = "127.0.0.1"}, {});
  ASSERT_THAT(first, IsOk());

  EXPECT_THAT(
      Server::Start({.address = "127.0.0.1", .port = (*first)->port()}, {}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr(std::to_string((*first)->port()))));
}

}  // namespace
}  // namespace jobexec::rpc
