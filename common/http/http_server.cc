#include "common/http/http_server.h"

// Asio of Boost 1.74 uses std::exchange without including it.
#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace jobexec::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;

using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<Tcp, Strand>;
using Acceptor = asio::basic_socket_acceptor<Tcp, Strand>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Strand>;

// Connections above the limit that are told so at one time; more than these are closed at once.
constexpr size_t kMaxRefusals = 64;
// How long a connection is still read after its last response. Closing it with unread bytes would
// reset it, and the client could lose the response.
constexpr absl::Duration kLingerTime = absl::Seconds(2);
constexpr size_t kFirstReadBytes = 4096;
// What may wait in the read buffer besides the header: pieces of the body.
constexpr size_t kReadAheadBytes = 64 * 1024;
constexpr absl::Duration kAcceptRetryDelay = absl::Milliseconds(100);

// A deadline far enough to stand for "never" and near enough not to overflow.
std::chrono::nanoseconds ToTimer(absl::Duration duration) {
  return absl::ToChronoNanoseconds(std::clamp(duration, absl::ZeroDuration(), absl::Hours(24)));
}

template <typename StringView>
std::string ToString(StringView text) {
  return std::string(text.data(), text.size());
}

bool HasControlCharacters(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// Fields that only the server can know.
bool IsFramingField(absl::string_view name) {
  for (absl::string_view field : {"Connection", "Content-Length", "Date", "Transfer-Encoding"}) {
    if (absl::EqualsIgnoreCase(name, field)) return true;
  }
  return false;
}

// Status line and header of `response` on the wire.
std::string FormatHead(const Response& response, bool keep_alive) {
  const auto status = static_cast<unsigned>(response.status);
  std::string head = absl::StrCat(
      "HTTP/1.1 ", response.status, " ",
      ToString(wire::obsolete_reason(wire::int_to_status(status))), "\r\nDate: ",
      absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", RealClock().TimeNow(), absl::UTCTimeZone()),
      "\r\nConnection: ", keep_alive ? "keep-alive" : "close", "\r\n");
  if (response.status != 204 && response.status != 304) {
    absl::StrAppend(&head, "Content-Length: ", response.body.size(), "\r\n");
  }
  for (const auto& [name, value] : response.headers) {
    if (IsFramingField(name) || HasControlCharacters(name) || HasControlCharacters(value)) continue;
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  return head + "\r\n";
}

using ParsedRequest = wire::request<wire::string_body>;

Request ToRequest(ParsedRequest parsed) {
  Request request;
  request.method = ToString(parsed.method_string());
  request.target = ToString(parsed.target());
  for (const auto& field : parsed) {
    request.headers.emplace_back(ToString(field.name_string()), ToString(field.value()));
  }
  request.body = std::move(parsed.body());
  return request;
}

class Session;

// What the sessions share. Owns them; they keep it alive, because a reply may come so late that it
// finds the last of them while the server is going.
class Core {
 public:
  enum class Admission { kServe, kRefuse, kDrop };

  Core(Server::Options server_options, Handler request_handler)
      : options(std::move(server_options)),
        handler(std::move(request_handler)),
        io(options.threads) {}

  // Takes `session` in, unless it has to be dropped.
  Admission Admit(const std::shared_ptr<Session>& session) {
    absl::MutexLock lock(&mutex_);
    const size_t limit = static_cast<size_t>(options.max_connections);
    if (draining_ || sessions_.size() >= limit + kMaxRefusals) return Admission::kDrop;
    sessions_.insert(session);
    return sessions_.size() > limit ? Admission::kRefuse : Admission::kServe;
  }

  void Remove(const std::shared_ptr<Session>& session) {
    absl::MutexLock lock(&mutex_);
    sessions_.erase(session);
  }

  std::vector<std::shared_ptr<Session>> Sessions() {
    absl::MutexLock lock(&mutex_);
    return {sessions_.begin(), sessions_.end()};
  }

  void StartDraining() {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  bool draining() const { return draining_; }

  void WaitUntilEmpty(absl::Duration timeout) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &Core::EmptyLocked), timeout);
  }

  void Refused(absl::string_view reason) const {
    if (options.on_refused) options.on_refused(reason);
  }

  const Server::Options options;
  Handler handler;
  asio::io_context io;

 private:
  bool EmptyLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return sessions_.empty(); }

  absl::Mutex mutex_;
  absl::flat_hash_set<std::shared_ptr<Session>> sessions_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> draining_ = false;
};

// One connection. Everything but Answer, Abandon, Drain and Stop runs on its strand.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Core> core, Socket socket)
      : core_(std::move(core)),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        buffer_(core_->options.max_header_bytes + kReadAheadBytes) {}

  // Serves requests until the connection ends.
  void Serve() {
    OnStrand([](Session& session) {
      ErrorCode ignored;
      session.socket_.set_option(Tcp::no_delay(true), ignored);
      session.AwaitRequest(session.core_->options.read_timeout);
    });
  }

  // Says that there are too many connections, and closes.
  void RefuseConnection() {
    OnStrand([](Session& session) {
      session.Refuse(503, "connections", "Too many connections",
                     absl::StrCat("the server already has its limit of ",
                                  session.core_->options.max_connections, " connections"));
    });
  }

  void Answer(Response response) {
    OnStrand([response = std::move(response)](Session& session) mutable {
      if (session.state_ == State::kHandling) session.Write(std::move(response));
    });
  }

  // The handler will not answer.
  void Abandon() {
    OnStrand([](Session& session) {
      if (session.state_ == State::kHandling) session.Close();
    });
  }

  // Closes the connection unless a request is in flight.
  void Drain() {
    OnStrand([](Session& session) {
      if (session.state_ == State::kIdle || session.state_ == State::kLingering) session.Close();
    });
  }

  void Stop() {
    OnStrand([](Session& session) { session.Close(); });
  }

 private:
  enum class State { kIdle, kReading, kHandling, kWriting, kLingering, kClosed };

  // Runs `step` on the strand, at once if this thread is on it, unless the session is gone by then.
  // The queue holds it weakly: a step that never runs must not keep the session and the queue
  // alive.
  template <typename Step>
  void OnStrand(Step step) {
    asio::dispatch(socket_.get_executor(),
                   [weak = weak_from_this(), step = std::move(step)]() mutable {
                     if (auto session = weak.lock()) step(*session);
                   });
  }

  // A completion handler that keeps the session alive and calls `method`.
  template <typename... Args>
  auto Then(void (Session::*method)(ErrorCode, Args...)) {
    return [self = shared_from_this(), method](ErrorCode error, Args... args) {
      (self.get()->*method)(error, args...);
    };
  }
  // The same for operations whose byte count nobody needs.
  auto ThenIgnoringSize(void (Session::*method)(ErrorCode)) {
    return [self = shared_from_this(), method](ErrorCode error, size_t) {
      (self.get()->*method)(error);
    };
  }

  void AwaitRequest(absl::Duration timeout);
  void OnFirstBytes(ErrorCode error, size_t bytes);
  void ReadHeader();
  void OnHeader(ErrorCode error);
  void OnContinueSent(ErrorCode error);
  void ReadBody();
  void OnBody(ErrorCode error);
  void OnReadError(ErrorCode error);
  void Handle();
  void Refuse(int status, absl::string_view reason, absl::string_view title,
              absl::string_view detail);
  void RefuseSlowRequest();
  void Write(Response response);
  void OnWritten(ErrorCode error);
  void Linger();
  void DiscardInput();
  void OnDiscarded(ErrorCode error, size_t bytes);
  void Close();
  void ArmTimer(absl::Duration duration);
  void DisarmTimer();
  void OnTimer();

  const std::shared_ptr<Core> core_;  // first: the socket needs its io_context to the end
  Socket socket_;
  Timer timer_;
  uint64_t timer_generation_ = 0;  // tells a timer that fired from one that was set anew since
  beast::flat_buffer buffer_;
  std::optional<wire::request_parser<wire::string_body>> parser_;
  State state_ = State::kIdle;
  bool timed_out_ = false;  // the request that is being read
  bool keep_alive_ = false;
  bool is_head_ = false;
  std::string out_head_;
  std::string out_body_;
};

// What a Reply owns: sends once, or tells the session that nothing will come.
class PendingReply {
 public:
  explicit PendingReply(std::weak_ptr<Session> session) : session_(std::move(session)) {}
  PendingReply(const PendingReply&) = delete;
  PendingReply& operator=(const PendingReply&) = delete;
  // NOLINTNEXTLINE(bugprone-exception-escape): throws only without memory
  ~PendingReply() {
    if (auto session = session_.lock()) session->Abandon();
  }

  void Send(Response response) {
    auto session = std::exchange(session_, {}).lock();
    if (session) session->Answer(std::move(response));
  }

 private:
  std::weak_ptr<Session> session_;
};

void Session::AwaitRequest(absl::Duration timeout) {
  if (buffer_.size() > 0) return ReadHeader();
  if (core_->draining()) return Close();
  state_ = State::kIdle;
  ArmTimer(timeout);
  socket_.async_read_some(buffer_.prepare(kFirstReadBytes), Then(&Session::OnFirstBytes));
}

void Session::OnFirstBytes(ErrorCode error, size_t bytes) {
  if (error || state_ == State::kClosed) return Close();
  buffer_.commit(bytes);
  ReadHeader();
}

void Session::ReadHeader() {
  state_ = State::kReading;
  timed_out_ = false;
  is_head_ = false;
  ArmTimer(core_->options.read_timeout);
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(core_->options.max_header_bytes));
  parser_->body_limit(core_->options.max_body_bytes);
  wire::async_read_header(socket_, buffer_, *parser_, ThenIgnoringSize(&Session::OnHeader));
}

void Session::OnHeader(ErrorCode error) {
  if (error) return OnReadError(error);
  const auto& header = parser_->get();
  is_head_ = header.method() == wire::verb::head;
  if (header.version() >= 11 && header.count(wire::field::host) != 1) {
    return Refuse(400, "malformed", "Malformed request", "HTTP/1.1 needs exactly one Host field");
  }
  const std::string expect = ToString(header[wire::field::expect]);
  if (header.version() < 11 || !absl::EqualsIgnoreCase(expect, "100-continue")) return ReadBody();
  asio::async_write(socket_, asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25),
                    ThenIgnoringSize(&Session::OnContinueSent));
}

void Session::OnContinueSent(ErrorCode error) {
  if (error) return OnReadError(error);
  ReadBody();
}

void Session::ReadBody() {
  if (timed_out_) return RefuseSlowRequest();
  wire::async_read(socket_, buffer_, *parser_, ThenIgnoringSize(&Session::OnBody));
}

void Session::OnBody(ErrorCode error) {
  if (error) return OnReadError(error);
  if (state_ != State::kReading) return;
  Handle();
}

void Session::OnReadError(ErrorCode error) {
  const Server::Options& options = core_->options;
  if (state_ != State::kReading) return;
  if (timed_out_) return RefuseSlowRequest();
  if (error == wire::error::body_limit) {
    return Refuse(
        413, "body_too_large", "Body too large",
        absl::StrCat("the body is larger than the limit of ", options.max_body_bytes, " bytes"));
  }
  if (error == wire::error::header_limit || error == wire::error::buffer_overflow) {
    return Refuse(431, "header_too_large", "Header too large",
                  absl::StrCat("the header is larger than the limit of ", options.max_header_bytes,
                               " bytes"));
  }
  const bool is_protocol_error =
      error.category() == make_error_code(wire::error::bad_method).category();
  if (!is_protocol_error || error == wire::error::end_of_stream ||
      error == wire::error::partial_message) {
    return Close();  // the client is gone
  }
  Refuse(400, "malformed", "Malformed request",
         absl::StrCat("this is not an HTTP/1.1 request: ", error.message()));
}

void Session::Handle() {
  state_ = State::kHandling;
  DisarmTimer();
  ParsedRequest parsed = parser_->release();
  parser_.reset();
  keep_alive_ = parsed.keep_alive();
  Reply reply = [pending = std::make_unique<PendingReply>(weak_from_this())](Response response) {
    pending->Send(std::move(response));
  };
  core_->handler(ToRequest(std::move(parsed)), std::move(reply));
}

void Session::Refuse(int status, absl::string_view reason, absl::string_view title,
                     absl::string_view detail) {
  core_->Refused(reason);
  keep_alive_ = false;
  Response response = MakeProblem(status, title, detail);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  Write(std::move(response));
}

void Session::RefuseSlowRequest() {
  Refuse(408, "timeout", "Request timeout",
         absl::StrCat("the request did not arrive whole within ",
                      absl::FormatDuration(core_->options.read_timeout)));
}

void Session::Write(Response response) {
  state_ = State::kWriting;
  ArmTimer(core_->options.write_timeout);
  keep_alive_ = keep_alive_ && !core_->draining();
  out_head_ = FormatHead(response, keep_alive_);
  const bool has_body = !is_head_ && response.status != 204 && response.status != 304;
  out_body_ = has_body ? std::move(response.body) : std::string();
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(out_head_),
                                                     asio::buffer(out_body_)};
  asio::async_write(socket_, buffers, ThenIgnoringSize(&Session::OnWritten));
}

void Session::OnWritten(ErrorCode error) {
  if (error || state_ == State::kClosed) return Close();
  out_body_ = std::string();
  if (!keep_alive_) return Linger();
  AwaitRequest(core_->options.idle_timeout);
}

void Session::Linger() {
  state_ = State::kLingering;
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  ArmTimer(kLingerTime);
  buffer_.clear();
  DiscardInput();
}

void Session::DiscardInput() {
  socket_.async_read_some(buffer_.prepare(kFirstReadBytes), Then(&Session::OnDiscarded));
}

void Session::OnDiscarded(ErrorCode error, size_t) {
  if (error || state_ == State::kClosed) return Close();
  DiscardInput();
}

void Session::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  DisarmTimer();
  ErrorCode ignored;
  socket_.close(ignored);
  core_->Remove(shared_from_this());
}

void Session::ArmTimer(absl::Duration duration) {
  timer_.expires_after(ToTimer(duration));
  timer_.async_wait([self = shared_from_this(), generation = ++timer_generation_](ErrorCode error) {
    if (!error && generation == self->timer_generation_) self->OnTimer();
  });
}

void Session::DisarmTimer() {
  ++timer_generation_;
  timer_.cancel();
}

void Session::OnTimer() {
  if (state_ != State::kReading) return Close();
  // The read in progress ends with an error, and its handler answers.
  timed_out_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

class ServerImpl final : public Server {
 public:
  ServerImpl(Options options, Handler handler)
      : core_(std::make_shared<Core>(std::move(options), std::move(handler))),
        strand_(asio::make_strand(core_->io)),
        acceptor_(strand_),
        retry_timer_(strand_),
        work_(asio::make_work_guard(core_->io)) {}

  // NOLINTNEXTLINE(bugprone-exception-escape): throws only without memory
  ~ServerImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Listen();
  void Run();
  int port() const override { return port_; }
  void Shutdown(absl::Duration grace) override;

 private:
  void Accept();
  void OnAccepted(ErrorCode error, Socket socket);
  void Welcome(Socket socket);
  void StopAccepting();

  const std::shared_ptr<Core> core_;
  Strand strand_;  // of the acceptor and its timer
  Acceptor acceptor_;
  Timer retry_timer_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  int port_ = 0;
  absl::Mutex shutdown_mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(shutdown_mutex_);
};

absl::Status ServerImpl::Listen() {
  const Options& options = core_->options;
  const std::string where = absl::StrCat(options.address, " port ", options.port);
  ErrorCode error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error || options.port < 0 || options.port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot listen on ", where, ": expected an IP address and a port up to 65535"));
  }
  const Tcp::endpoint endpoint(address, static_cast<uint16_t>(options.port));
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(Acceptor::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (!error) return absl::OkStatus();
  const std::string message = absl::StrCat("cannot listen on ", where, ": ", error.message());
  if (error == asio::error::address_in_use) return absl::AlreadyExistsError(message);
  return absl::UnavailableError(message);
}

void ServerImpl::Run() {
  asio::post(strand_, [this] { Accept(); });
  absl::MutexLock lock(&shutdown_mutex_);
  for (int i = 0; i < core_->options.threads; ++i) {
    threads_.emplace_back([this] { core_->io.run(); });
  }
}

void ServerImpl::Accept() {
  if (core_->draining()) return;
  acceptor_.async_accept(asio::make_strand(core_->io), [this](ErrorCode error, Socket socket) {
    OnAccepted(error, std::move(socket));
  });
}

void ServerImpl::OnAccepted(ErrorCode error, Socket socket) {
  if (!error) {
    Welcome(std::move(socket));
    return Accept();
  }
  if (core_->draining()) return;
  // Out of file descriptors or memory: trying again at once would spin.
  retry_timer_.expires_after(ToTimer(kAcceptRetryDelay));
  retry_timer_.async_wait([this](ErrorCode) { Accept(); });
}

void ServerImpl::Welcome(Socket socket) {
  auto session = std::make_shared<Session>(core_, std::move(socket));
  switch (core_->Admit(session)) {
    case Core::Admission::kServe:
      return session->Serve();
    case Core::Admission::kRefuse:
      return session->RefuseConnection();
    case Core::Admission::kDrop:
      if (!core_->draining()) core_->Refused("connections");
  }
}

void ServerImpl::StopAccepting() {
  asio::post(strand_, [this] {
    ErrorCode ignored;
    acceptor_.close(ignored);
    retry_timer_.cancel();
  });
}

void ServerImpl::Shutdown(absl::Duration grace) {
  absl::MutexLock lock(&shutdown_mutex_);
  if (threads_.empty()) return;
  core_->StartDraining();
  StopAccepting();
  for (const auto& session : core_->Sessions()) session->Drain();
  core_->WaitUntilEmpty(grace);
  for (const auto& session : core_->Sessions()) session->Stop();
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  core_->handler = nullptr;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Options options, Handler handler) {
  try {
    auto server = std::make_unique<ServerImpl>(std::move(options), std::move(handler));
    absl::Status listening = server->Listen();
    if (!listening.ok()) return listening;
    server->Run();
    return server;
  } catch (const std::exception& error) {  // Asio's set-up and std::thread report so
    return absl::UnavailableError(absl::StrCat("cannot start the HTTP server: ", error.what()));
  }
}

}  // namespace jobexec::http
