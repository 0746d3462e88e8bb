// Sockets on loopback that send and expect exact bytes, plain or with TLS, for tests of HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/tls_material.h"

namespace jobexec::testing {

// One connection. Reads give up after 20 s, so that a wrong test fails instead of hanging. Not
// thread-safe, but for Cut.
class RawConnection {
 public:
  virtual ~RawConnection() = default;

  // False if the peer has closed.
  virtual bool Write(absl::string_view data) = 0;
  // What is there, at most 64 KiB; empty when the peer has closed.
  virtual std::string Read() = 0;
  // Says to the peer that nothing more comes.
  virtual void FinishWriting() = 0;
  // Ends the connection; a Read in progress returns. From any thread.
  virtual void Cut() = 0;

  // Reads up to and including `end`, or to the end of the connection. Later bytes are kept for the
  // next call.
  std::string ReadThrough(absl::string_view end);
  // Reads exactly `size` bytes, fewer at the end of the connection.
  std::string ReadBytes(size_t size);
  std::string ReadAll();
  // One HTTP message, its length given by Content-Length. Empty at the end of the connection.
  std::string ReadMessage();

 private:
  std::string kept_;
};

// A connection to `port` on loopback; null if it is refused.
std::unique_ptr<RawConnection> ConnectRaw(int port);

// Listens on loopback and gives each connection to `script`, one after the other, on its own
// thread; the connection is closed when the script returns. Stops in its destructor, cutting the
// connection in progress.
class RawServer {
 public:
  using Script = std::function<void(RawConnection&, int index)>;

  explicit RawServer(Script script) : RawServer(std::move(script), nullptr) {}
  // With TLS: shows `tls`' certificate and, if `tls.client_ca_pem` is set, wants one from the
  // client. A connection whose handshake fails is not given to the script.
  RawServer(Script script, const ServerTls& tls) : RawServer(std::move(script), &tls) {}
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string Url(absl::string_view path) const;
  // Connections given to the script.
  int connections() const;

 private:
  RawServer(Script script, const ServerTls* tls);
  void Run();

  const Script script_;
  const bool uses_tls_;
  const std::shared_ptr<void> tls_context_;
  int listener_ = -1;
  int port_ = 0;
  mutable absl::Mutex mutex_;
  int connections_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  RawConnection* current_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread thread_;
};

}  // namespace jobexec::testing
