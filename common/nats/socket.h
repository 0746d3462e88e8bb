// The TCP socket of a connection of the client library, which does not give it out.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_set.h"

namespace jobexec::nats {

// What tells the sockets that this process has open now from later ones (their inodes).
absl::flat_hash_set<uint64_t> OpenSockets();

// A duplicate of the descriptor of a TCP socket to `peer_port` that is not among `known`, -1 if
// there is none. The caller closes it; the connection ends when both are closed.
int DuplicateNewSocket(const absl::flat_hash_set<uint64_t>& known, int peer_port);

}  // namespace jobexec::nats
