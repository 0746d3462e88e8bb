#include "tests/support/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace jobexec::testing {
namespace {

constexpr size_t kReadSize = 64 * 1024;
constexpr absl::string_view kLengthField = "\r\ncontent-length:";

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class PlainConnection : public RawConnection {
 public:
  explicit PlainConnection(int socket) : socket_(socket) {
    const timeval timeout{20, 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  }
  ~PlainConnection() override { close(socket_); }

  bool Write(absl::string_view data) override {
    while (!data.empty()) {
      const ssize_t sent = send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      data.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  std::string Read() override {
    std::string data(kReadSize, '\0');
    const ssize_t size = recv(socket_, data.data(), data.size(), 0);
    data.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return data;
  }
  void FinishWriting() override { shutdown(socket_, SHUT_WR); }
  void Cut() override { shutdown(socket_, SHUT_RDWR); }

 protected:
  int socket() const { return socket_; }

 private:
  const int socket_;
};

class TlsConnection final : public PlainConnection {
 public:
  TlsConnection(int socket, SSL_CTX* context)
      : PlainConnection(socket), ssl_(SSL_new(context), &SSL_free) {
    SSL_set_fd(ssl_.get(), socket);
  }

  bool Handshake() {
    const bool done = SSL_accept(ssl_.get()) == 1;
    ERR_clear_error();
    return done;
  }
  bool Write(absl::string_view data) override {
    return SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size())) > 0;
  }
  std::string Read() override {
    std::string data(kReadSize, '\0');
    const int size = SSL_read(ssl_.get(), data.data(), static_cast<int>(data.size()));
    ERR_clear_error();
    data.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return data;
  }
  void FinishWriting() override { SSL_shutdown(ssl_.get()); }

 private:
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

X509* ParseCertificate(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return certificate;
}

EVP_PKEY* ParseKey(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return key;
}

std::shared_ptr<void> MakeContext(const ServerTls& tls) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  X509* certificate = ParseCertificate(tls.identity.certificate_pem);
  EVP_PKEY* key = ParseKey(tls.identity.key_pem);
  if (SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1) {
    abort();
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!tls.client_ca_pem.empty()) {
    X509* authority = ParseCertificate(tls.client_ca_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
    X509_free(authority);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return std::shared_ptr<void>(context,
                               [](void* made) { SSL_CTX_free(static_cast<SSL_CTX*>(made)); });
}

}  // namespace

std::string RawConnection::ReadThrough(absl::string_view end) {
  const std::string wanted(end);
  size_t found = kept_.find(wanted);
  while (found == std::string::npos) {
    const std::string data = Read();
    if (data.empty()) return std::exchange(kept_, {});
    kept_ += data;
    found = kept_.find(wanted);
  }
  std::string result = kept_.substr(0, found + wanted.size());
  kept_.erase(0, result.size());
  return result;
}

std::string RawConnection::ReadBytes(size_t size) {
  while (kept_.size() < size) {
    const std::string data = Read();
    if (data.empty()) break;
    kept_ += data;
  }
  std::string result = kept_.substr(0, size);
  kept_.erase(0, result.size());
  return result;
}

std::string RawConnection::ReadAll() {
  std::string all = std::exchange(kept_, {});
  while (true) {
    const std::string data = Read();
    if (data.empty()) return all;
    all += data;
  }
}

std::string RawConnection::ReadMessage() {
  std::string message = ReadThrough("\r\n\r\n");
  const std::string lower = absl::AsciiStrToLower(message);
  const size_t field = lower.find(std::string(kLengthField));
  if (field == std::string::npos) return message;
  const size_t value = field + kLengthField.size();
  size_t length = 0;
  if (!absl::SimpleAtoi(lower.substr(value, lower.find("\r\n", value) - value), &length)) {
    return message;
  }
  return message + ReadBytes(length);
}

std::unique_ptr<RawConnection> ConnectRaw(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(connection);
    return nullptr;
  }
  return std::make_unique<PlainConnection>(connection);
}

RawServer::RawServer(Script script, const ServerTls* tls)
    : script_(std::move(script)),
      uses_tls_(tls != nullptr),
      tls_context_(tls == nullptr ? nullptr : MakeContext(*tls)) {
  std::signal(SIGPIPE, SIG_IGN);  // as every program does; OpenSSL writes without MSG_NOSIGNAL
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

RawServer::~RawServer() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (current_ != nullptr) current_->Cut();
  }
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void RawServer::Run() {
  while (true) {
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) return;
    std::unique_ptr<RawConnection> connection;
    if (uses_tls_) {
      auto tls =
          std::make_unique<TlsConnection>(accepted, static_cast<SSL_CTX*>(tls_context_.get()));
      if (!tls->Handshake()) continue;
      connection = std::move(tls);
    } else {
      connection = std::make_unique<PlainConnection>(accepted);
    }
    int index = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
      index = connections_++;
      current_ = connection.get();
    }
    script_(*connection, index);
    absl::MutexLock lock(&mutex_);
    current_ = nullptr;
  }
}

std::string RawServer::Url(absl::string_view path) const {
  return absl::StrCat(uses_tls_ ? "https" : "http", "://127.0.0.1:", port_, path);
}

int RawServer::connections() const {
  absl::MutexLock lock(&mutex_);
  return connections_;
}

}  // namespace jobexec::testing
