#include "common/base/tcp.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace jobexec {
namespace {

// Two connected sockets on loopback.
class TcpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(bind(listener_, generic, size), 0);
    ASSERT_EQ(listen(listener_, 1), 0);
    ASSERT_EQ(getsockname(listener_, generic, &size), 0);
    ours_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(connect(ours_, generic, size), 0);
    theirs_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    ASSERT_GE(theirs_, 0);
  }
  void TearDown() override {
    for (const int socket : {listener_, ours_, theirs_}) close(socket);
  }

  int listener_ = -1;
  int ours_ = -1;
  int theirs_ = -1;
};

TEST_F(TcpTest, AnAbortedConnectionSendsNothingMore) {
  // More than both kernels' buffers hold: most of it waits to be sent.
  const std::string block(64 * 1024, 'x');
  size_t written = 0;
  for (ssize_t n = 1; n > 0; written += static_cast<size_t>(n)) {
    n = send(ours_, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) break;
  }
  ASSERT_GT(written, 0u);

  AbortTcp(ours_);

  std::string buffer(64 * 1024, '\0');
  size_t received = 0;
  ssize_t n = 0;
  while ((n = recv(theirs_, buffer.data(), buffer.size(), 0)) > 0) {
    received += static_cast<size_t>(n);
  }
  EXPECT_EQ(n, -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_LT(received, written);
  EXPECT_LE(send(ours_, "y", 1, MSG_NOSIGNAL), 0);
}

TEST_F(TcpTest, AbortingTwiceOrNothingIsHarmless) {
  AbortTcp(ours_);
  AbortTcp(ours_);
  AbortTcp(-1);
}

TEST_F(TcpTest, SetsTheUserTimeout) {
  SetTcpUserTimeout(ours_, absl::Seconds(30));
  int milliseconds = 0;
  socklen_t size = sizeof(milliseconds);
  ASSERT_EQ(getsockopt(ours_, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, &size), 0);
  EXPECT_EQ(milliseconds, 30'000);
}

}  // namespace
}  // namespace jobexec
