#include "tests/support/keptn/tls_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace jobexec::test_keptn {
namespace {

constexpr int kPollMs = 100;
constexpr size_t kPieceBytes = 16 * 1024;

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

sockaddr_in ToAddress(const std::string& address, int port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

absl::StatusOr<Context> MakeContext(const testing::KeyPair& identity) {
  Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> certificate_text(
      BIO_new_mem_buf(identity.certificate_pem.data(),
                      static_cast<int>(identity.certificate_pem.size())),
      &BIO_free_all);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> key_text(
      BIO_new_mem_buf(identity.key_pem.data(), static_cast<int>(identity.key_pem.size())),
      &BIO_free_all);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr), &X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (certificate == nullptr || key == nullptr ||
      SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the certificate or the key for TLS is unusable");
  }
  return context;
}

// Descriptors that are closed in the end.
struct Descriptor {
  explicit Descriptor(int open) : number(open) {}
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int number;
};

// Nothing blocks for ever, so that the listener can stop.
void LimitWaiting(int descriptor) {
  const timeval limit{5, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

bool SendAll(int descriptor, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(descriptor, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

// One piece from the TLS side to the plain one, and the other way; false at the end.
bool PassIn(SSL* tls, int plain) {
  std::array<char, kPieceBytes> piece;
  const int size = SSL_read(tls, piece.data(), static_cast<int>(piece.size()));
  return size > 0 && SendAll(plain, piece.data(), static_cast<size_t>(size));
}
bool PassOut(int plain, SSL* tls) {
  std::array<char, kPieceBytes> piece;
  const ssize_t size = recv(plain, piece.data(), piece.size(), 0);
  return size > 0 && SSL_write(tls, piece.data(), static_cast<int>(size)) > 0;
}

class Listener final : public TlsListener {
 public:
  Listener(Context context, int plain_port)
      : context_(std::move(context)), plain_port_(plain_port) {}
  ~Listener() override {
    stopping_ = true;
    if (acceptor_.joinable()) acceptor_.join();
    if (listener_ >= 0) close(listener_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  absl::Status Listen(const std::string& address, int port) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in bound = ToAddress(address, port);
    socklen_t size = sizeof(bound);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&bound), size) != 0 ||
        listen(listener_, 64) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ":", port));
    }
    port_ = ntohs(bound.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
    return absl::OkStatus();
  }

  int port() const override { return port_; }

 private:
  // Threads of connections are kept to the end: tests make few.
  void Accept() {
    std::vector<std::thread> connections;
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, kPollMs) <= 0) continue;
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted >= 0) connections.emplace_back([this, accepted] { Serve(accepted); });
    }
    for (std::thread& connection : connections) connection.join();
  }

  void Serve(int accepted) {
    const Descriptor outer(accepted);
    const Descriptor inner(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    LimitWaiting(outer.number);
    LimitWaiting(inner.number);
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
    SSL_set_fd(tls.get(), outer.number);
    const sockaddr_in target = ToAddress("127.0.0.1", plain_port_);
    if (SSL_accept(tls.get()) == 1 &&
        connect(inner.number, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) == 0) {
      Pump(tls.get(), outer.number, inner.number);
      SSL_shutdown(tls.get());
    }
    ERR_clear_error();
  }

  void Pump(SSL* tls, int outer, int inner) {
    while (!stopping_) {
      if (SSL_pending(tls) > 0) {
        if (!PassIn(tls, inner)) return;
        continue;
      }
      std::array<pollfd, 2> waiting{pollfd{outer, POLLIN, 0}, pollfd{inner, POLLIN, 0}};
      if (poll(waiting.data(), waiting.size(), kPollMs) < 0) return;
      if (waiting[0].revents != 0 && !PassIn(tls, inner)) return;
      if (waiting[1].revents != 0 && !PassOut(inner, tls)) return;
    }
  }

  const Context context_;
  const int plain_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread acceptor_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TlsListener>> TlsListener::Start(const std::string& address,
                                                                int port,
                                                                const testing::KeyPair& identity,
                                                                int plain_port) {
  absl::StatusOr<Context> context = MakeContext(identity);
  if (!context.ok()) return context.status();
  auto listener = std::make_unique<Listener>(*std::move(context), plain_port);
  const absl::Status listening = listener->Listen(address, port);
  if (!listening.ok()) return listening;
  return listener;
}

}  // namespace jobexec::test_keptn
