// What the TCP sockets of other libraries' connections need, by their descriptors.
#pragma once

#include "absl/time/time.h"

namespace jobexec {

// Ends the connection if bytes that were sent stay unacknowledged for this long (TCP_USER_TIMEOUT).
// A kernel without the option only notices a dead peer later.
void SetTcpUserTimeout(int socket, absl::Duration timeout);

// Ends the connection at once: the peer gets a reset, and nothing that waits to be sent is sent any
// more. The descriptor stays open; reads and writes on it fail. Thread-safe.
void AbortTcp(int socket);

}  // namespace jobexec
