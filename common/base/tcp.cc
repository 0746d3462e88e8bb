#include "common/base/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace jobexec {

void SetTcpUserTimeout(int socket, absl::Duration timeout) {
  const int64_t wanted = absl::ToInt64Milliseconds(timeout);
  const auto milliseconds =
      static_cast<int>(std::clamp<int64_t>(wanted, 1, std::numeric_limits<int>::max()));
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
}

void AbortTcp(int socket) {
  // For the case that the owner closes it first.
  const linger no_linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &no_linger, sizeof(no_linger));
  // Connecting to nowhere dissolves a connection.
  sockaddr nowhere = {};
  nowhere.sa_family = AF_UNSPEC;
  if (connect(socket, &nowhere, sizeof(nowhere)) != 0) shutdown(socket, SHUT_RDWR);
}

}  // namespace jobexec
