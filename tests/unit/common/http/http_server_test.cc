#include "common/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/bounded_queue.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"

namespace jobexec::http {
namespace {

using ::jobexec::testing::ConnectRaw;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kGet[] = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n";

// Answers with what it got: "GET /a?b=c [body]".
void Echo(Request request, Reply reply) {
  std::move(reply)(
      MakeResponse(200, "text/plain",
                   absl::StrCat(request.method, " ", request.target, " [", request.body, "]")));
}

// The reasons that on_refused was given.
class Refusals {
 public:
  auto Recorder() {
    return [this](absl::string_view reason) {
      absl::MutexLock lock(&mutex_);
      reasons_.emplace_back(reason);
    };
  }
  std::vector<std::string> Get() {
    absl::MutexLock lock(&mutex_);
    return reasons_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> reasons_ ABSL_GUARDED_BY(mutex_);
};

Server::Options OnLoopback() {
  Server::Options options;
  options.address = "127.0.0.1";
  return options;
}

std::unique_ptr<Server> StartOrDie(Server::Options options, Handler handler) {
  auto server = Server::Start(std::move(options), std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

// What a server with `options` and an echo answers to `bytes`, up to its closing the connection.
std::string Exchange(Server::Options options, absl::string_view bytes) {
  auto server = StartOrDie(std::move(options), Echo);
  auto connection = ConnectRaw(server->port());
  connection->Write(bytes);
  return connection->ReadAll();
}

TEST(Server, AnswersSeveralRequestsOnOneConnection) {
  auto server = StartOrDie(OnLoopback(), Echo);
  auto connection = ConnectRaw(server->port());

  connection->Write(kGet);
  const std::string first = connection->ReadMessage();
  connection->Write("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  const std::string second = connection->ReadMessage();

  EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_THAT(first, EndsWith("GET /a?b=c []"));
  EXPECT_THAT(second, EndsWith("POST /p [abc]"));
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  auto server = StartOrDie(OnLoopback(), Echo);
  auto connection = ConnectRaw(server->port());

  connection->Write(
      absl::StrCat(kGet, "PUT /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nz", kGet));

  EXPECT_THAT(connection->ReadMessage(), EndsWith("GET /a?b=c []"));
  EXPECT_THAT(connection->ReadMessage(), EndsWith("PUT /2 [z]"));
  EXPECT_THAT(connection->ReadMessage(), EndsWith("GET /a?b=c []"));
}

TEST(Server, ClosesAfterAResponseWhenTheClientAsksOrSpeaksHttp10) {
  for (const char* request :
       {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"}) {
    const std::string response = Exchange(OnLoopback(), request);
    EXPECT_THAT(response, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(response, EndsWith("GET / []"));
  }
}

TEST(Server, KeepsAnHttp10ConnectionOnRequest) {
  auto server = StartOrDie(OnLoopback(), Echo);
  auto connection = ConnectRaw(server->port());

  for (int i = 0; i < 2; ++i) {
    connection->Write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(connection->ReadMessage(), EndsWith("GET / []"));
  }
}

TEST(Server, SendsNoBodyForHead) {
  const std::string response =
      Exchange(OnLoopback(), "HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

  EXPECT_THAT(response, HasSubstr("\r\nContent-Length: 10\r\n"));
  EXPECT_THAT(response, EndsWith("\r\n\r\n"));
}

TEST(Server, PassesAnyMethodAndChunkedBodies) {
  EXPECT_THAT(Exchange(OnLoopback(),
                       "BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              EndsWith("BREW / [abcde]"));
}

TEST(Server, AsksForTheBodyWhenTheClientWaits) {
  auto server = StartOrDie(OnLoopback(), Echo);
  auto connection = ConnectRaw(server->port());

  connection->Write(
      "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection->ReadThrough("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  connection->Write("ok");

  EXPECT_THAT(connection->ReadMessage(), EndsWith("PUT / [ok]"));
}

TEST(Server, LeavesOutHeadersThatWouldBreakTheMessage) {
  auto server = StartOrDie(OnLoopback(), [](const Request&, Reply reply) {
    Response response = MakeResponse(200, "text/plain", "x");
    response.headers.emplace_back("X-Bad", "a\r\nInjected: yes");
    response.headers.emplace_back("Content-Length", "77");
    response.headers.emplace_back("X-Good", "1");
    std::move(reply)(std::move(response));
  });
  auto connection = ConnectRaw(server->port());
  connection->Write(kGet);

  const std::string response = connection->ReadMessage();

  EXPECT_THAT(response, Not(HasSubstr("Injected")));
  EXPECT_THAT(response, Not(HasSubstr("77")));
  EXPECT_THAT(response, HasSubstr("X-Good: 1\r\n"));
}

struct RefusedCase {
  const char* name;
  std::string request;
  const char* status_line;
  const char* reason;
  const char* detail;
};

class ServerRefuses : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(ServerRefuses, WithAProblemAndCloses) {
  Refusals refusals;
  Server::Options options = OnLoopback();
  options.max_header_bytes = 1000;
  options.max_body_bytes = 10;
  const bool is_slow = std::string("timeout") == GetParam().reason;
  options.read_timeout = is_slow ? absl::Milliseconds(200) : absl::Seconds(20);
  options.on_refused = refusals.Recorder();

  const std::string response = Exchange(std::move(options), GetParam().request);

  EXPECT_THAT(response, StartsWith(absl::StrCat("HTTP/1.1 ", GetParam().status_line, "\r\n")));
  EXPECT_THAT(response, HasSubstr("application/problem+json"));
  EXPECT_THAT(response, HasSubstr(GetParam().detail));
  EXPECT_THAT(response, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(refusals.Get(), ElementsAre(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, ServerRefuses,
    ::testing::Values(
        RefusedCase{"BodyByLength", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n",
                    "413 Payload Too Large", "body_too_large", "limit of 10 bytes"},
        RefusedCase{
            "BodyByLengthBeforeContinue",
            "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n",
            "413 Payload Too Large", "body_too_large", "limit of 10 bytes"},
        RefusedCase{"BodyByChunks",
                    "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n",
                    "413 Payload Too Large", "body_too_large", "limit of 10 bytes"},
        RefusedCase{
            "Header",
            absl::StrCat("GET / HTTP/1.1\r\nHost: x\r\nX: ", std::string(1000, 'x'), "\r\n\r\n"),
            "431 Request Header Fields Too Large", "header_too_large", "limit of 1000 bytes"},
        RefusedCase{"SlowHeader", "GET / HTTP/1.1\r\nHo", "408 Request Timeout", "timeout",
                    "within 200ms"},
        RefusedCase{"SlowBody", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na",
                    "408 Request Timeout", "timeout", "within 200ms"},
        RefusedCase{"NotHttp", "hello\r\n\r\n", "400 Bad Request", "malformed", "not an HTTP/1.1"},
        RefusedCase{"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 Bad Request", "malformed",
                    "not an HTTP/1.1"},
        RefusedCase{"NoHost", "GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "malformed", "Host"},
        RefusedCase{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request",
                    "malformed", "Host"},
        RefusedCase{"TwoLengths",
                    "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "400 Bad Request", "malformed", "not an HTTP/1.1"},
        RefusedCase{"BadChunk",
                    "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                    "400 Bad Request", "malformed", "not an HTTP/1.1"}),
    [](const auto& tested) { return tested.param.name; });

TEST(Server, RefusedClientGetsItsAnswerThoughItStillSends) {
  Server::Options options = OnLoopback();
  options.max_body_bytes = 10;
  auto server = StartOrDie(std::move(options), Echo);
  auto connection = ConnectRaw(server->port());
  const std::string body(4'000'000, 'x');

  connection->Write(
      absl::StrCat("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ", body.size(), "\r\n\r\n", body));

  EXPECT_THAT(connection->ReadMessage(), StartsWith("HTTP/1.1 413 "));
}

TEST(Server, ClosesSilentAndIdleConnectionsWithoutCountingThem) {
  Refusals refusals;
  Server::Options options = OnLoopback();
  options.read_timeout = absl::Seconds(10);
  options.idle_timeout = absl::Milliseconds(10);
  options.on_refused = refusals.Recorder();
  auto server = StartOrDie(std::move(options), Echo);
  auto connection = ConnectRaw(server->port());
  connection->Write(kGet);

  EXPECT_THAT(connection->ReadMessage(), EndsWith("[]"));
  EXPECT_THAT(connection->ReadAll(), IsEmpty());
  EXPECT_THAT(refusals.Get(), IsEmpty());
}

TEST(Server, ClosesAConnectionThatNeverSends) {
  Server::Options options = OnLoopback();
  options.read_timeout = absl::Milliseconds(10);

  EXPECT_THAT(Exchange(std::move(options), ""), IsEmpty());
}

// Takes requests and lets the test answer them.
class Held {
 public:
  auto Handler() {
    return [this](const Request&, Reply reply) { EXPECT_TRUE(replies_.TryPush(std::move(reply))); };
  }
  Reply Next() { return *replies_.Pop(); }

 private:
  BoundedQueue<Reply> replies_{16};
};

TEST(Server, AnswersConnectionsAboveTheLimitWith503) {
  Refusals refusals;
  Held held;
  Server::Options options = OnLoopback();
  options.max_connections = 1;
  options.on_refused = refusals.Recorder();
  auto server = StartOrDie(std::move(options), held.Handler());
  auto first = ConnectRaw(server->port());
  first->Write(kGet);
  Reply reply = held.Next();

  auto second = ConnectRaw(server->port());
  const std::string refused = second->ReadMessage();

  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(refused, HasSubstr("limit of 1 connections"));
  EXPECT_THAT(refusals.Get(), ElementsAre("connections"));
  std::move(reply)(MakeResponse(200, "text/plain", "first"));
  EXPECT_THAT(first->ReadMessage(), EndsWith("first"));
}

TEST(Server, TakesAReplyFromAnotherThread) {
  Held held;
  Server::Options options = OnLoopback();
  options.threads = 2;
  auto server = StartOrDie(std::move(options), held.Handler());
  auto a = ConnectRaw(server->port());
  auto b = ConnectRaw(server->port());
  a->Write(kGet);
  Reply reply_a = held.Next();
  b->Write(kGet);
  Reply reply_b = held.Next();

  std::thread replier([&] {
    std::move(reply_b)(MakeResponse(200, "text/plain", "b"));
    std::move(reply_a)(MakeResponse(200, "text/plain", "a"));
  });

  EXPECT_THAT(b->ReadMessage(), EndsWith("b"));
  EXPECT_THAT(a->ReadMessage(), EndsWith("a"));
  replier.join();
}

TEST(Server, ClosesTheConnectionOfADroppedReply) {
  Held held;
  auto server = StartOrDie(OnLoopback(), held.Handler());
  auto connection = ConnectRaw(server->port());
  connection->Write(kGet);

  { const Reply dropped = held.Next(); }

  EXPECT_THAT(connection->ReadAll(), IsEmpty());
}

TEST(Server, ClosesTheConnectionWhenTheHandlerDropsTheReply) {
  auto server = StartOrDie(OnLoopback(), [](const Request&, const Reply&) {});
  auto connection = ConnectRaw(server->port());
  connection->Write(kGet);

  EXPECT_THAT(connection->ReadAll(), IsEmpty());
}

// Returns once new connections are refused.
void AwaitRefusal(int port) {
  while (ConnectRaw(port) != nullptr) {
  }
}

TEST(Server, ShutdownWaitsForTheRequestInFlight) {
  Held held;
  auto server = StartOrDie(OnLoopback(), held.Handler());
  auto idle = ConnectRaw(server->port());
  auto busy = ConnectRaw(server->port());
  busy->Write(kGet);
  Reply reply = held.Next();

  std::thread stopper([&] { server->Shutdown(absl::Seconds(60)); });
  AwaitRefusal(server->port());
  EXPECT_THAT(idle->ReadAll(), IsEmpty());
  std::move(reply)(MakeResponse(200, "text/plain", "late"));

  const std::string response = busy->ReadMessage();
  EXPECT_THAT(response, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(response, EndsWith("late"));
  busy.reset();
  stopper.join();
  server->Shutdown(absl::Seconds(60));
}

TEST(Server, ShutdownWithoutGraceClosesEverythingAndLateRepliesDoNothing) {
  Held held;
  auto server = StartOrDie(OnLoopback(), held.Handler());
  auto connection = ConnectRaw(server->port());
  connection->Write(kGet);
  Reply reply = held.Next();

  server.reset();

  EXPECT_THAT(connection->ReadAll(), IsEmpty());
  std::move(reply)(MakeResponse(200, "text/plain", "nobody hears"));
}

TEST(Server, GivesUpOnAClientThatDoesNotRead) {
  constexpr size_t kSize = 64 * 1024 * 1024;
  Server::Options options = OnLoopback();
  options.write_timeout = absl::Milliseconds(20);
  absl::Notification handled;
  auto server = StartOrDie(std::move(options), [&](const Request&, Reply reply) {
    std::move(reply)(MakeResponse(200, "text/plain", std::string(kSize, 'x')));
    handled.Notify();
  });
  auto connection = ConnectRaw(server->port());
  connection->Write(kGet);
  handled.WaitForNotification();

  server->Shutdown(absl::Seconds(60));  // returns as soon as no connection is left

  EXPECT_LT(connection->ReadAll().size(), kSize);
}

TEST(ServerStart, NamesWhatIsWrong) {
  auto server = StartOrDie(OnLoopback(), Echo);
  Server::Options taken = OnLoopback();
  taken.port = server->port();
  Server::Options bad_address = OnLoopback();
  bad_address.address = "not-an-address";
  Server::Options bad_port = OnLoopback();
  bad_port.port = 70000;

  EXPECT_THAT(Server::Start(std::move(taken), Echo),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr(absl::StrCat("127.0.0.1 port ", server->port()))));
  EXPECT_THAT(Server::Start(std::move(bad_address), Echo),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not-an-address")));
  EXPECT_THAT(Server::Start(std::move(bad_port), Echo),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("70000")));
}

}  // namespace
}  // namespace jobexec::http
