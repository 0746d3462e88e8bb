#include "common/nats/socket.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace jobexec::nats {
namespace {

// 0 if it is no socket. By its name in /proc, not by fstat: other threads open and close
// descriptors meanwhile, and nothing of them is touched this way (the thread sanitizer holds a call
// on such a descriptor for a race).
uint64_t InodeOf(int descriptor) {
  char target[64] = {};
  const std::string name = absl::StrCat("/proc/self/fd/", descriptor);
  const ssize_t size = readlink(name.c_str(), target, sizeof(target));
  if (size < 0) return 0;
  absl::string_view text(target, static_cast<size_t>(size));
  uint64_t inode = 0;
  const bool is_socket = absl::ConsumePrefix(&text, "socket:[") && absl::ConsumeSuffix(&text, "]");
  return is_socket && absl::SimpleAtoi(text, &inode) ? inode : 0;
}

int PeerPortOf(int socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (getpeername(socket, generic, &size) != 0) return 0;
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  }
  return 0;
}

std::vector<int> Descriptors() {
  std::vector<int> descriptors;
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return descriptors;
  while (const dirent* entry = readdir(directory)) {
    int descriptor = -1;
    if (absl::SimpleAtoi(entry->d_name, &descriptor)) descriptors.push_back(descriptor);
  }
  closedir(directory);
  return descriptors;
}

}  // namespace

absl::flat_hash_set<uint64_t> OpenSockets() {
  absl::flat_hash_set<uint64_t> inodes;
  for (const int descriptor : Descriptors()) inodes.insert(InodeOf(descriptor));
  return inodes;
}

int DuplicateNewSocket(const absl::flat_hash_set<uint64_t>& known, int peer_port) {
  for (const int descriptor : Descriptors()) {
    if (known.contains(InodeOf(descriptor)) || PeerPortOf(descriptor) != peer_port) continue;
    const int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    // Another thread may have closed it meanwhile, and opened something else.
    if (duplicate < 0) continue;
    if (PeerPortOf(duplicate) == peer_port && !known.contains(InodeOf(duplicate))) return duplicate;
    close(duplicate);
  }
  return -1;
}

}  // namespace jobexec::nats
