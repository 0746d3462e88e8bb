// Against a server that takes everything and answers nothing.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/status_details.h"
#include "common/nats/connection.h"
#include "common/nats/session.h"
#include "common/nats/socket.h"
#include "tests/support/fake_clock.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"

namespace jobexec::nats {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::RawConnection;
using ::jobexec::testing::RawServer;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::Not;

// The beginning of NATS' protocol, as a server speaks it.
void Greet(RawConnection& connection) {
  connection.Write(
      "INFO {\"server_id\":\"x\",\"version\":\"2.9.10\",\"proto\":1,\"headers\":true,"
      "\"max_payload\":1048576}\r\n");
  connection.ReadThrough("PING\r\n");
  connection.Write("PONG\r\n");
}

class SilentServer {
 public:
  SilentServer() : server_([this](RawConnection& connection, int) { Serve(connection); }) {}

  std::string url() const { return absl::StrCat("nats://127.0.0.1:", server_.port()); }
  int port() const { return server_.port(); }
  int connections() const { return server_.connections(); }
  // Until a message has come.
  void AwaitMessage() { has_message_.WaitForNotification(); }
  // Until a connection has ended; returns what came after the greeting.
  std::string AwaitEnd() {
    has_ended_.WaitForNotification();
    return received_;
  }

 private:
  void Serve(RawConnection& connection) {
    Greet(connection);
    std::string received;
    for (std::string data = connection.Read(); !data.empty(); data = connection.Read()) {
      received += data;
      if (absl::StrContains(received, "HPUB") && !has_message_.HasBeenNotified()) {
        has_message_.Notify();
      }
    }
    if (has_ended_.HasBeenNotified()) return;
    received_ = received;
    has_ended_.Notify();
  }

  absl::Notification has_message_;
  absl::Notification has_ended_;
  std::string received_;
  RawServer server_;
};

TEST(NatsAbort, EndsCallsInProgress) {
  SilentServer server;
  FakeClock clock;
  const auto connection = Connection::Create(
      {.urls = server.url(), .name = "test", .request_timeout = absl::Minutes(5)}, clock);
  std::thread aborter([&] {
    server.AwaitMessage();
    connection->Abort();
  });

  const auto ack = connection->Publish("a.started", "id-1", "{}");

  aborter.join();
  EXPECT_THAT(ack, Not(IsOk()));
  EXPECT_NE(GetReason(ack.status()), kNotSent) << "it may have arrived";
  server.AwaitEnd();
  EXPECT_THAT(connection->CheckConnected(), IsOk()) << "with a new connection";
  EXPECT_EQ(server.connections(), 2);
}

TEST(NatsAbort, WithoutAConnectionItDoesNothing) {
  FakeClock clock;
  Connection::Create({.urls = "nats://127.0.0.1:1", .name = "test"}, clock)->Abort();
}

TEST(NatsMaySend, IsAskedWhenTheConnectionIsThere) {
  SilentServer server;
  FakeClock clock;
  std::atomic<int> connections_when_asked = 0;
  auto connection = Connection::Create({.urls = server.url(),
                                        .name = "test",
                                        .may_send =
                                            [&] {
                                              connections_when_asked = server.connections();
                                              return false;
                                            }},
                                       clock);

  const auto ack = connection->Publish("a.started", "id-1", "{}");

  EXPECT_THAT(ack, StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_EQ(GetReason(ack.status()), kNotSent);
  EXPECT_EQ(connections_when_asked, 1);
  connection.reset();
  EXPECT_FALSE(absl::StrContains(server.AwaitEnd(), "HPUB"));
}

TEST(NatsSocket, OfASessionIsKnownAndHasATimeout) {
  SilentServer server;
  const auto session = Connect(server.url(), "test", absl::Seconds(10), absl::Seconds(10));
  ASSERT_THAT(session, IsOk());
  ASSERT_GE((*session)->socket, 0);
  int milliseconds = 0;
  socklen_t size = sizeof(milliseconds);
  ASSERT_EQ(getsockopt((*session)->socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, &size), 0);
  EXPECT_EQ(milliseconds, 30'000);
}

TEST(NatsSocket, OnlyANewOneToThePortIsTaken) {
  SilentServer server;
  const auto before = OpenSockets();
  EXPECT_EQ(DuplicateNewSocket(before, server.port()), -1);
  const auto session = Connect(server.url(), "test", absl::Seconds(10), absl::Seconds(10));
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(DuplicateNewSocket(OpenSockets(), server.port()), -1);
  EXPECT_EQ(DuplicateNewSocket(before, server.port() + 1), -1);
  const int socket = DuplicateNewSocket(before, server.port());
  EXPECT_GE(socket, 0);
  close(socket);
}

}  // namespace
}  // namespace jobexec::nats
