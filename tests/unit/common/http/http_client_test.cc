#include "common/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_details.h"
#include "common/http/http_server.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"

namespace jobexec::http {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::RawConnection;
using ::jobexec::testing::RawServer;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kLong = absl::Seconds(20);
constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Request Get(std::string url) { return {"GET", std::move(url), {}, ""}; }

// A server that answers every request of every connection with kOk until the client closes.
void AnswerAlways(RawConnection& connection, int) {
  while (!connection.ReadMessage().empty()) connection.Write(kOk);
}

// A port on which nobody listens.
int RefusedPort() {
  return RawServer([](RawConnection&, int) {}).port();
}

TEST(Client, SendsMethodHeadersAndBodyAsGiven) {
  absl::Mutex mutex;
  std::vector<std::string> seen;
  RawServer server([&](RawConnection& connection, int) {
    for (std::string m = connection.ReadMessage(); !m.empty(); m = connection.ReadMessage()) {
      {
        absl::MutexLock lock(&mutex);
        seen.push_back(m);
      }
      connection.Write(kOk);
    }
  });
  auto client = Client::Create({});

  for (const char* method : {"POST", "PATCH", "DELETE", "PUT"}) {
    const Request request = {method, server.Url("/p?q=1"), {{"X-A", "b"}, {"X-Empty", ""}}, "{}"};
    EXPECT_THAT(client->Send(request, kLong, true), IsOk());
  }

  absl::MutexLock lock(&mutex);
  ASSERT_EQ(seen.size(), 4);
  EXPECT_THAT(seen[0], ::testing::StartsWith("POST /p?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen[1], ::testing::StartsWith("PATCH /p?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen[2], ::testing::StartsWith("DELETE /p?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen[3], ::testing::StartsWith("PUT /p?q=1 HTTP/1.1\r\n"));
  for (const std::string& message : seen) {
    EXPECT_THAT(message, HasSubstr("\r\nX-A: b\r\n"));
    EXPECT_THAT(message, HasSubstr("\r\nX-Empty:\r\n"));
    EXPECT_THAT(message, HasSubstr("\r\nContent-Length: 2\r\n"));
    EXPECT_THAT(message, Not(HasSubstr("Expect")));
    EXPECT_THAT(message, Not(HasSubstr("Content-Type")));
    EXPECT_THAT(message, ::testing::EndsWith("\r\n\r\n{}"));
  }
}

TEST(Client, ReadsStatusHeadersAndBody) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write(
        "HTTP/1.1 103 Early Hints\r\nLink: early\r\n\r\n"
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After:  7 \r\nX: a:b\r\nContent-Length: 4\r\n\r\n"
        "wait");
  });

  const auto response = Client::Create({})->Send(Get(server.Url("/")), kLong, true);

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->body, "wait");
  EXPECT_THAT(response->headers,
              ElementsAre(std::pair<std::string, std::string>("Retry-After", "7"),
                          std::pair<std::string, std::string>("X", "a:b"),
                          std::pair<std::string, std::string>("Content-Length", "4")));
}

TEST(Client, CarriesLargeBodiesBothWays) {
  auto server = Server::Start({.address = "127.0.0.1", .max_body_bytes = 8'000'000},
                              [](Request request, Reply reply) {
                                std::move(reply)(MakeResponse(200, "", std::move(request.body)));
                              });
  ASSERT_THAT(server, IsOk());
  Request request = Get(absl::StrCat("http://127.0.0.1:", (*server)->port(), "/"));
  request.method = "POST";
  request.body = std::string(5'000'000, 'b');

  const auto response = Client::Create({})->Send(request, kLong, true);

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(response->body == request.body);
}

TEST(Client, ReusesItsConnectionAlsoAfterHeadAndErrors) {
  RawServer server([](RawConnection& connection, int) {
    while (true) {
      const std::string request = connection.ReadMessage();
      if (request.empty()) return;
      const bool is_head = request.rfind("HEAD", 0) == 0;
      connection.Write(is_head ? "HTTP/1.1 500 Oops\r\nContent-Length: 999\r\n\r\n" : kOk);
    }
  });
  auto client = Client::Create({});

  EXPECT_EQ(client->Send(Get(server.Url("/1")), kLong, true)->body, "ok");
  EXPECT_EQ(client->Send({"HEAD", server.Url("/2"), {}, ""}, kLong, true)->status, 500);
  EXPECT_EQ(client->Send({"POST", server.Url("/3"), {}, "x"}, kLong, false)->body, "ok");
  EXPECT_EQ(client->Send(Get(server.Url("/4")), kLong, true)->body, "ok");

  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, KeepsAConnectionForEachOrigin) {
  RawServer a(AnswerAlways);
  RawServer b(AnswerAlways);
  auto client = Client::Create({});

  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(client->Send(Get(a.Url("/")), kLong, true), IsOk());
    EXPECT_THAT(client->Send(Get(b.Url("/")), kLong, true), IsOk());
  }

  EXPECT_EQ(a.connections(), 1);
  EXPECT_EQ(b.connections(), 1);
}

TEST(Client, KeepsNoMoreThanItsLimitOfIdleConnections) {
  RawServer server(AnswerAlways);
  Client::Options options;
  options.max_idle_connections = 0;
  auto client = Client::Create(std::move(options));

  EXPECT_THAT(client->Send(Get(server.Url("/")), kLong, true), IsOk());
  EXPECT_THAT(client->Send(Get(server.Url("/")), kLong, true), IsOk());

  EXPECT_EQ(server.connections(), 2);
}

// Answers the first request of its first connection, reads a second one and closes without a word;
// later connections are answered.
void DieOnSecondRequest(RawConnection& connection, int index) {
  if (index > 0) return AnswerAlways(connection, index);
  connection.ReadMessage();
  connection.Write(kOk);
  connection.ReadMessage();
}

TEST(Client, RepeatsAnIdempotentRequestOnceWhenAKeptConnectionIsDead) {
  RawServer server(DieOnSecondRequest);
  auto client = Client::Create({});
  EXPECT_THAT(client->Send(Get(server.Url("/")), kLong, true), IsOk());

  const auto response = client->Send({"POST", server.Url("/"), {}, "body"}, kLong, true);

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Client, NeverRepeatsOtherRequests) {
  RawServer server(DieOnSecondRequest);
  auto client = Client::Create({});
  EXPECT_THAT(client->Send(Get(server.Url("/")), kLong, true), IsOk());

  const auto response = client->Send({"POST", server.Url("/"), {}, "body"}, kLong, false);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(GetReason(response.status()), "");
  EXPECT_THAT(client->Send(Get(server.Url("/")), kLong, true), IsOk());
}

TEST(Client, NeverRepeatsOnAFreshConnection) {
  RawServer server([](RawConnection& connection, int) { connection.ReadMessage(); });

  const auto response = Client::Create({})->Send(Get(server.Url("/")), kLong, true);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(GetReason(response.status()), "");
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, SaysThatNothingWasSentWhenItCannotConnect) {
  const std::string url = absl::StrCat("http://user:pass@127.0.0.1:", RefusedPort(), "/p?token=t");

  const auto response = Client::Create({})->Send(Get(url), kLong, true);

  EXPECT_THAT(response,
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("GET http://127.0.0.1:")));
  EXPECT_THAT(std::string(response.status().message()), Not(HasSubstr("pass")));
  EXPECT_THAT(std::string(response.status().message()), Not(HasSubstr("token")));
  EXPECT_EQ(GetReason(response.status()), "NOT_SENT");
}

TEST(Client, ReportsAResponseThatIsCutShort) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });

  const auto response = Client::Create({})->Send(Get(server.Url("/")), kLong, true);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(GetReason(response.status()), "");
}

TEST(Client, EndsAtItsDeadline) {
  RawServer server([](RawConnection& connection, int) { connection.ReadAll(); });

  const auto response =
      Client::Create({})->Send(Get(server.Url("/")), absl::Milliseconds(300), true);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_EQ(GetReason(response.status()), "");
}

TEST(Client, DoesNotStartWithoutTime) {
  const auto response =
      Client::Create({})->Send(Get("http://127.0.0.1/"), absl::ZeroDuration(), true);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_EQ(GetReason(response.status()), "NOT_SENT");
}

TEST(Client, RefusesResponsesAboveItsLimit) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\n\r\n" + std::string(100, 'x'));
  });
  Client::Options options;
  options.max_response_bytes = 99;

  EXPECT_THAT(Client::Create(std::move(options))->Send(Get(server.Url("/")), kLong, true),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("limit of 99 bytes")));
}

TEST(Client, RefusesEndlessHeaders) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\n");
    while (connection.Write("X: " + std::string(8000, 'x') + "\r\n")) {
    }
  });

  EXPECT_THAT(Client::Create({})->Send(Get(server.Url("/")), kLong, true),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("header")));
}

TEST(Client, RefusesBadRequests) {
  auto client = Client::Create({});
  const Request bad[] = {
      Get("ftp://127.0.0.1/"),
      Get("http://127.0.0.1:port/"),
      Get("http://127.0.0.1/\r\nX: y"),
      {"GET", "http://127.0.0.1/", {{"X", "a\r\nInjected: b"}}, ""},
      {"GET\n", "http://127.0.0.1/", {}, ""},
  };
  for (const Request& request : bad) {
    const auto response = client->Send(request, kLong, true);
    EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument, _)) << request.target;
    EXPECT_EQ(GetReason(response.status()), "NOT_SENT");
  }
}

TEST(Client, DoesNotFollowRedirects) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
  });

  EXPECT_EQ(Client::Create({})->Send(Get(server.Url("/")), kLong, true)->status, 302);
}

TEST(Client, ServesManyThreads) {
  auto server =
      Server::Start({.address = "127.0.0.1", .threads = 2}, [](Request request, Reply reply) {
        std::move(reply)(MakeResponse(200, "", std::move(request.body)));
      });
  ASSERT_THAT(server, IsOk());
  auto client = Client::Create({});
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;

  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Request request = Get(absl::StrCat("http://127.0.0.1:", (*server)->port(), "/"));
      request.method = "POST";
      for (int i = 0; i < 50; ++i) {
        request.body = absl::StrCat(t, "/", i);
        const auto response = client->Send(request, kLong, true);
        if (response.ok() && response->body == request.body) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(right, 400);
}

TEST(Stream, GivesPiecesAsTheyCome) {
  absl::Notification got_first;
  RawServer server([&](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    got_first.WaitForNotification();
    connection.Write("3\r\ntwo\r\n0\r\n\r\n");
  });
  absl::Notification stop;
  std::string all;

  const auto response =
      Client::Create({})->Stream(Get(server.Url("/")), stop, kLong, [&](absl::string_view data) {
        all += std::string(data);
        if (all == "one") got_first.Notify();
        return true;
      });

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "");
  EXPECT_EQ(all, "onetwo");
}

TEST(Stream, ReturnsErrorResponsesWhole) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone");
  });
  absl::Notification stop;

  const auto response =
      Client::Create({})->Stream(Get(server.Url("/")), stop, kLong, [](absl::string_view) -> bool {
        ADD_FAILURE();
        return true;
      });

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 410);
  EXPECT_EQ(response->body, "gone");
}

TEST(Stream, CutsHugeErrorBodies) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 500 Oops\r\n\r\n" + std::string(3 * 1024 * 1024, 'x'));
  });
  absl::Notification stop;

  const auto response = Client::Create({})->Stream(Get(server.Url("/")), stop, kLong,
                                                   [](absl::string_view) { return true; });

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->body.size(), 1024 * 1024);
}

// ---- Abort and may_send. ----

TEST(Client, AsksOnceItIsConnectedWhetherItMaySend) {
  absl::Mutex mutex;
  std::vector<std::string> received;
  RawServer server([&](RawConnection& connection, int) {
    const std::string message = connection.ReadAll();
    absl::MutexLock lock(&mutex);
    received.push_back(message);
  });
  std::atomic<int> asked = 0;
  auto client = Client::Create({.may_send = [&] {
    ++asked;
    return false;
  }});

  const auto response = client->Send(Get(server.Url("/")), kLong, true);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kCancelled, HasSubstr("may not be sent")));
  EXPECT_EQ(GetReason(response.status()), "NOT_SENT");
  EXPECT_EQ(asked, 1);
  client.reset();
  absl::MutexLock lock(&mutex);
  const auto has_ended = [&] { return !received.empty(); };
  mutex.Await(absl::Condition(&has_ended));
  EXPECT_THAT(received, ElementsAre("")) << "it was connected, and nothing was sent";
}

TEST(Client, AsksAlsoBeforeARepeat) {
  RawServer server([](RawConnection& connection, int index) {
    connection.ReadMessage();
    if (index == 0) connection.Write(kOk);
    // The kept connection is dead when its second request comes.
    if (index == 0) connection.ReadMessage();
  });
  std::atomic<int> asked = 0;
  auto client = Client::Create({.may_send = [&] { return ++asked < 3; }});
  ASSERT_THAT(client->Send(Get(server.Url("/")), kLong, true), IsOk());

  const auto response = client->Send(Get(server.Url("/")), kLong, true);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_EQ(GetReason(response.status()), "") << "the first try was sent";
  EXPECT_EQ(asked, 3);
}

TEST(Client, AbortEndsCallsInProgressWithAReset) {
  absl::Notification arrived;
  absl::Notification gone;
  RawServer server([&](RawConnection& connection, int index) {
    connection.ReadMessage();
    if (index > 0) {
      connection.Write(kOk);
      return;
    }
    arrived.Notify();
    connection.ReadAll();
    gone.Notify();
  });
  auto client = Client::Create({});
  std::thread aborter([&] {
    arrived.WaitForNotification();
    client->Abort();
  });

  const auto response = client->Send({"POST", server.Url("/"), {}, "{}"}, kLong, false);

  aborter.join();
  EXPECT_THAT(response, StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(GetReason(response.status()), "");
  gone.WaitForNotification();
  EXPECT_THAT(client->Send(Get(server.Url("/")), kLong, false), IsOk()) << "usable afterwards";
}

TEST(Client, AbortClosesKeptConnections) {
  absl::Notification gone;
  RawServer server([&](RawConnection& connection, int index) {
    AnswerAlways(connection, index);
    if (index == 0) gone.Notify();
  });
  auto client = Client::Create({});
  ASSERT_THAT(client->Send(Get(server.Url("/")), kLong, false), IsOk());

  client->Abort();

  gone.WaitForNotification();
  EXPECT_THAT(client->Send(Get(server.Url("/")), kLong, false), IsOk());
  EXPECT_EQ(server.connections(), 2);
}

TEST(Stream, AbortEndsIt) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    connection.ReadAll();
  });
  auto client = Client::Create({});
  absl::Notification stop;

  EXPECT_THAT(client->Stream(Get(server.Url("/")), stop, kLong,
                             [&](absl::string_view) {
                               client->Abort();
                               return true;
                             }),
              StatusIs(absl::StatusCode::kUnavailable, _));
}

// Sends one piece and then nothing until the client is gone.
void SendOnePiece(RawConnection& connection, int) {
  connection.ReadMessage();
  connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  connection.ReadAll();
}

TEST(Stream, EndsWhenStopped) {
  RawServer server(SendOnePiece);
  absl::Notification stop;

  EXPECT_THAT(Client::Create({})->Stream(Get(server.Url("/")), stop, kLong,
                                         [&](absl::string_view) {
                                           stop.Notify();
                                           return true;
                                         }),
              StatusIs(absl::StatusCode::kCancelled, _));
}

TEST(Stream, EndsWhenTheReaderHasEnough) {
  RawServer server(SendOnePiece);
  absl::Notification stop;

  EXPECT_THAT(Client::Create({})->Stream(Get(server.Url("/")), stop, kLong,
                                         [](absl::string_view) { return false; }),
              StatusIs(absl::StatusCode::kCancelled, _));
}

TEST(Stream, EndsWhenIdle) {
  RawServer server(SendOnePiece);
  absl::Notification stop;

  EXPECT_THAT(Client::Create({})->Stream(Get(server.Url("/")), stop, absl::Milliseconds(10),
                                         [](absl::string_view) { return true; }),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("no byte for 10ms")));
}

TEST(Stream, SaysThatNothingWasSentWhenItCannotConnect) {
  absl::Notification stop;

  const auto response =
      Client::Create({})->Stream(Get(absl::StrCat("http://127.0.0.1:", RefusedPort(), "/")), stop,
                                 kLong, [](absl::string_view) { return true; });

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(GetReason(response.status()), "NOT_SENT");
}

}  // namespace
}  // namespace jobexec::http
