#include "common/kube/http_kube_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_details.h"
#include "common/http/http_server.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::RawConnection;
using ::jobexec::testing::RawServer;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr absl::Duration kTimeout = absl::Seconds(20);

// Answers with what the test has queued, else 200 {}, and keeps the requests.
class ApiServer {
 public:
  ApiServer() {
    server_ = *http::Server::Start({.address = "127.0.0.1"},
                                   [this](http::Request request, http::Reply reply) {
                                     std::move(reply)(Answer(std::move(request)));
                                   });
  }

  void Queue(int status, std::string body) {
    absl::MutexLock lock(&mutex_);
    answers_.push_back(http::MakeResponse(status, "application/json", std::move(body)));
  }
  std::vector<http::Request> Requests() {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }
  http::Request Last() { return Requests().back(); }
  std::string url() const { return absl::StrCat("http://127.0.0.1:", server_->port()); }

 private:
  http::Response Answer(http::Request request) {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(std::move(request));
    if (answers_.empty()) return http::MakeResponse(200, "application/json", "{}");
    http::Response answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  absl::Mutex mutex_;
  std::deque<http::Response> answers_ ABSL_GUARDED_BY(mutex_);
  std::vector<http::Request> requests_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<http::Server> server_;  // last: its threads use the rest
};

std::unique_ptr<HttpKubeClient> ClientOf(const std::string& url) {
  ClusterConfig config;
  config.server = url;
  config.token = "s3cret";
  return HttpKubeClient::Create(config, RealClock());
}

class KubeClient : public ::testing::Test {
 protected:
  ApiServer api_;
  std::unique_ptr<HttpKubeClient> client_ = ClientOf(api_.url());
  absl::Notification stop_;
};

TEST_F(KubeClient, Creates) {
  api_.Queue(201, R"({"metadata":{"uid":"u"}})");

  EXPECT_THAT(client_->Create(Jobs("ns"), R"({"kind":"Job"})", kTimeout), IsOk());

  const http::Request request = api_.Last();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/apis/batch/v1/namespaces/ns/jobs?fieldValidation=Strict");
  EXPECT_EQ(request.body, R"({"kind":"Job"})");
  EXPECT_EQ(http::FindHeader(request.headers, "Content-Type"), "application/json");
  EXPECT_THAT(std::string(http::FindHeader(request.headers, "Accept")),
              HasSubstr("as=PartialObjectMetadata"));
  EXPECT_EQ(http::FindHeader(request.headers, "Authorization"), "Bearer s3cret");
}

TEST_F(KubeClient, Gets) {
  EXPECT_THAT(client_->Get(Leases("a b/c"), "x?y", kTimeout), IsOk());

  EXPECT_EQ(api_.Last().method, "GET");
  EXPECT_EQ(api_.Last().target, "/apis/coordination.k8s.io/v1/namespaces/a%20b%2Fc/leases/x%3Fy");
}

TEST_F(KubeClient, Patches) {
  const Json patch = {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", "u"}}};

  EXPECT_THAT(client_->Patch(Jobs("ns"), "j", patch, kTimeout), IsOk());

  EXPECT_EQ(api_.Last().method, "PATCH");
  EXPECT_EQ(api_.Last().target, "/apis/batch/v1/namespaces/ns/jobs/j");
  EXPECT_EQ(Json::parse(api_.Last().body), patch);
  EXPECT_EQ(http::FindHeader(api_.Last().headers, "Content-Type"), "application/json-patch+json");
}

TEST_F(KubeClient, DeletesInTheBackgroundAndOnlyTheObjectMeant) {
  EXPECT_THAT(client_->Delete(Pods("ns"), "p", "u-1", kTimeout), IsOk());
  EXPECT_EQ(api_.Last().method, "DELETE");
  EXPECT_EQ(api_.Last().target, "/api/v1/namespaces/ns/pods/p");
  EXPECT_EQ(Json::parse(api_.Last().body), Json({{"apiVersion", "v1"},
                                                 {"kind", "DeleteOptions"},
                                                 {"propagationPolicy", "Background"},
                                                 {"preconditions", {{"uid", "u-1"}}}}));

  EXPECT_THAT(client_->Delete(Pods("ns"), "p", "", kTimeout), IsOk());
  EXPECT_FALSE(Json::parse(api_.Last().body).contains("preconditions"));
}

TEST_F(KubeClient, Updates) {
  EXPECT_THAT(client_->Update(Leases("ns"), "l", {{"spec", 1}}, kTimeout), IsOk());

  EXPECT_EQ(api_.Last().method, "PUT");
  EXPECT_EQ(api_.Last().target, "/apis/coordination.k8s.io/v1/namespaces/ns/leases/l");
  EXPECT_EQ(api_.Last().body, R"({"spec":1})");
}

TEST_F(KubeClient, Lists) {
  EXPECT_THAT(client_->List(Jobs(""), {.label_selector = "a/b in (c,d)"}, kTimeout), IsOk());
  EXPECT_EQ(api_.Last().target,
            "/apis/batch/v1/jobs?labelSelector=a%2Fb%20in%20%28c%2Cd%29&limit=500");

  EXPECT_THAT(
      client_->List(Events("ns"),
                    {.field_selector = "involvedObject.uid=u", .limit = 7, .continue_token = "t=="},
                    kTimeout),
      IsOk());
  EXPECT_EQ(api_.Last().target,
            "/api/v1/namespaces/ns/events"
            "?fieldSelector=involvedObject.uid%3Du&limit=7&continue=t%3D%3D");
}

TEST_F(KubeClient, ChecksReadiness) {
  EXPECT_THAT(client_->CheckReady(kTimeout), IsOk());
  EXPECT_EQ(api_.Last().target, "/readyz");

  api_.Queue(500, "");
  EXPECT_THAT(client_->CheckReady(kTimeout), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(KubeClient, SendsNothingThatItMayNot) {
  const auto client =
      HttpKubeClient::Create({.server = api_.url()}, RealClock(), [] { return false; });
  const absl::Status status = client->Patch(Jobs("ns"), "x", Json::array(), kTimeout).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_EQ(GetReason(status), "NOT_SENT");
  client->Abort();
  EXPECT_TRUE(api_.Requests().empty());
}

TEST_F(KubeClient, MapsRefusals) {
  api_.Queue(409, R"({"kind":"Status","reason":"AlreadyExists","message":"jobs \"j\" exists"})");

  const auto made = client_->Create(Jobs("ns"), "{}", kTimeout);

  EXPECT_THAT(made, StatusIs(absl::StatusCode::kAlreadyExists,
                             HasSubstr("create jobs: the API server answered 409 AlreadyExists: "
                                       "jobs \"j\" exists")));
  EXPECT_EQ(GetReason(made), "AlreadyExists");
  EXPECT_THAT(std::string(made.message()), Not(HasSubstr("s3cret")));
}

TEST_F(KubeClient, KeepsTheReasonOfTransportErrors) {
  const std::string url = RawServer([](RawConnection&, int) {}).Url("");

  const auto job = ClientOf(url)->Get(Jobs("ns"), "j", kTimeout);

  EXPECT_THAT(job, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("get jobs/j: ")));
  EXPECT_EQ(GetReason(job.status()), "NOT_SENT");
}

TEST_F(KubeClient, RefusesAnswersThatAreNoObjects) {
  for (const char* body : {"", "[]", "<html>"}) {
    api_.Queue(200, body);
    EXPECT_THAT(client_->Get(Jobs("ns"), "j", kTimeout), StatusIs(absl::StatusCode::kInternal, _));
  }
}

TEST_F(KubeClient, NeverTakesACollectionForAnObject) {
  for (const char* name : {"", ".", "..", "../x"}) {
    EXPECT_THAT(client_->Delete(Jobs("ns"), name, "", kTimeout),
                StatusIs(absl::StatusCode::kInvalidArgument, _));
    EXPECT_THAT(client_->Get(Jobs("ns"), name, kTimeout),
                StatusIs(absl::StatusCode::kInvalidArgument, _));
    EXPECT_THAT(client_->Patch(Jobs("ns"), name, {}, kTimeout),
                StatusIs(absl::StatusCode::kInvalidArgument, _));
    EXPECT_THAT(client_->Update(Jobs("ns"), name, {}, kTimeout),
                StatusIs(absl::StatusCode::kInvalidArgument, _));
    EXPECT_THAT(client_->ReadLog("ns", name, "c", 10, kTimeout),
                StatusIs(absl::StatusCode::kInvalidArgument, _));
  }
  EXPECT_TRUE(api_.Requests().empty());
}

TEST_F(KubeClient, SendsOnceMoreWithANewTokenAfterA401) {
  const testing::TempDirectory directory;
  directory.Write("token", "old");
  ClusterConfig config;
  config.server = api_.url();
  config.token_file = directory.path() + "/token";
  auto client = HttpKubeClient::Create(config, RealClock());
  EXPECT_THAT(client->Create(Jobs("ns"), "{}", kTimeout), IsOk());

  api_.Queue(401, "");
  EXPECT_THAT(client->Create(Jobs("ns"), "{}", kTimeout),
              StatusIs(absl::StatusCode::kUnauthenticated, _))
      << "the file still has the same token";
  directory.Write("token", "new");
  api_.Queue(401, "");
  EXPECT_THAT(client->Create(Jobs("ns"), R"({"a":1})", kTimeout), IsOk());

  std::vector<std::string> tokens;
  for (const http::Request& request : api_.Requests()) {
    tokens.emplace_back(http::FindHeader(request.headers, "Authorization"));
  }
  EXPECT_THAT(tokens, ElementsAre("Bearer old", "Bearer old", "Bearer old", "Bearer new"));
  EXPECT_EQ(api_.Last().body, R"({"a":1})");
}

TEST_F(KubeClient, Watches) {
  api_.Queue(200,
             "{\"type\":\"ADDED\",\"object\":{\"n\":1}}\n"
             "{\"type\":\"BOOKMARK\",\"object\":{\"n\":2}}\n");
  std::vector<int> seen;

  const absl::Status status =
      client_->Watch(Jobs(""),
                     {.label_selector = "a=b",
                      .resource_version = "42",
                      .timeout = absl::Seconds(300),
                      .idle_timeout = absl::Seconds(60)},
                     stop_, [&](WatchEventType, const Json& o) { seen.push_back(o["n"]); });

  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(seen, ElementsAre(1, 2));
  EXPECT_EQ(api_.Last().target,
            "/apis/batch/v1/jobs?watch=true&allowWatchBookmarks=true&labelSelector=a%3Db"
            "&resourceVersion=42&timeoutSeconds=300");
  EXPECT_EQ(http::FindHeader(api_.Last().headers, "Authorization"), "Bearer s3cret");
}

TEST_F(KubeClient, EndsAWatchWithItsErrors) {
  const auto watch = [&] {
    return client_->Watch(Jobs("ns"),
                          {.timeout = absl::Seconds(9), .idle_timeout = absl::Seconds(9)}, stop_,
                          [](WatchEventType, const Json&) {});
  };
  api_.Queue(410, R"({"kind":"Status","reason":"Expired","message":"too old"})");
  EXPECT_THAT(watch(), StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("too old")));
  api_.Queue(200, "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"reason\":\"Expired\"}}\n");
  EXPECT_THAT(watch(), StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("Expired")));
  api_.Queue(200, std::string(5 * 1024 * 1024, ' '));
  EXPECT_THAT(watch(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("larger than")));
  api_.Queue(403, R"({"kind":"Status","reason":"Forbidden","message":"no"})");
  EXPECT_THAT(watch(), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("no")));
}

TEST(KubeClientWatch, StopsAndSeesEventsAcrossChunks) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "10\r\n{\"type\":\"ADDED\",\r\n"
        "14\r\n\"object\":{\"n\":1}}\n{\"t\r\n");
    connection.ReadAll();
  });
  absl::Notification stop;
  std::vector<int> seen;

  const absl::Status status =
      ClientOf(server.Url(""))
          ->Watch(Jobs("ns"), {.timeout = absl::Seconds(9), .idle_timeout = absl::Seconds(20)},
                  stop, [&](WatchEventType, const Json& object) {
                    seen.push_back(object["n"]);
                    stop.Notify();
                  });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_THAT(seen, ElementsAre(1));
}

TEST(KubeClientWatch, EndsWhenNothingComes) {
  RawServer server([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.ReadAll();
  });
  absl::Notification stop;

  EXPECT_THAT(
      ClientOf(server.Url(""))
          ->Watch(Jobs("ns"), {.timeout = absl::Seconds(9), .idle_timeout = absl::Milliseconds(10)},
                  stop, [](WatchEventType, const Json&) {}),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("watch jobs: ")));
}

TEST_F(KubeClient, ReadsAShortLogInOneCall) {
  api_.Queue(200, "hello\n");

  EXPECT_EQ(*client_->ReadLog("ns", "p", "main", 1000, kTimeout), "hello\n");

  ASSERT_EQ(api_.Requests().size(), 1);
  EXPECT_EQ(api_.Last().target, "/api/v1/namespaces/ns/pods/p/log?container=main&limitBytes=5096");
}

TEST_F(KubeClient, ReadsHeadAndTailOfALongLog) {
  std::string log;
  for (int i = 0; i < 10000; ++i) absl::StrAppend(&log, "line ", i, "\n");
  api_.Queue(200, log.substr(0, 5096));
  api_.Queue(200, log);

  const auto read = client_->ReadLog("ns", "p", "main", 1000, kTimeout);

  ASSERT_THAT(read, IsOk());
  EXPECT_LE(read->size(), 1000);
  EXPECT_TRUE(absl::StartsWith(*read, "line 0\n"));
  EXPECT_TRUE(absl::EndsWith(*read, "line 9999\n"));
  EXPECT_TRUE(absl::StrContains(*read, " bytes cut ...\n"));
  EXPECT_EQ(api_.Last().target, "/api/v1/namespaces/ns/pods/p/log?container=main");
}

TEST_F(KubeClient, StreamsALog) {
  api_.Queue(200, "one\ntwo\n");
  std::string log;

  EXPECT_THAT(client_->StreamLog("ns", "p",
                                 {.container = "main",
                                  .follow = true,
                                  .timestamps = true,
                                  .tail_lines = 0,
                                  .since = absl::FromUnixMillis(1'700'000'000'900)},
                                 stop_, kTimeout,
                                 [&](absl::string_view data) {
                                   absl::StrAppend(&log, data);
                                   return true;
                                 }),
              IsOk());

  EXPECT_EQ(log, "one\ntwo\n");
  EXPECT_EQ(api_.Last().target,
            "/api/v1/namespaces/ns/pods/p/log?container=main&follow=true&timestamps=true"
            "&tailLines=0&sinceTime=2023-11-14T22%3A13%3A20Z");
}

TEST_F(KubeClient, EndsAStreamedLogWithItsErrors) {
  const auto take = [](absl::string_view) { return true; };
  api_.Queue(404, R"({"kind":"Status","reason":"NotFound","message":"gone"})");
  EXPECT_THAT(
      client_->StreamLog("ns", "p", {.container = "main"}, stop_, kTimeout, take),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("stream log of pods/p container main: ")));
  EXPECT_EQ(api_.Last().target, "/api/v1/namespaces/ns/pods/p/log?container=main");

  api_.Queue(200, "x");
  EXPECT_THAT(client_->StreamLog("ns", "p", {.container = "main"}, stop_, kTimeout,
                                 [](absl::string_view) { return false; }),
              StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_THAT(client_->StreamLog("ns", "", {.container = "main"}, stop_, kTimeout, take),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST_F(KubeClient, SaysWhyALogCannotBeRead) {
  const std::string waiting =
      R"({"kind":"Status","reason":"BadRequest","message":"container is waiting to start"})";
  api_.Queue(400, waiting);
  EXPECT_THAT(client_->ReadLog("ns", "p", "main", 1000, kTimeout),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("read log of pods/p container main: ")));

  api_.Queue(200, std::string(5096, 'x'));
  api_.Queue(404, R"({"kind":"Status","reason":"NotFound","message":"gone"})");
  EXPECT_THAT(client_->ReadLog("ns", "p", "main", 1000, kTimeout),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("gone")));

  EXPECT_THAT(client_->ReadLog("ns", "p", "main", 0, kTimeout),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
}

// Sends a log without end.
void PourLog(RawConnection& connection, int index) {
  connection.ReadMessage();
  if (index == 0) {
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + std::string(9000, 'x'));
    return;
  }
  connection.Write("HTTP/1.1 200 OK\r\n\r\n");
  const std::string piece(1024 * 1024, 'x');
  while (connection.Write(piece)) {
  }
}

TEST(KubeClientLog, StopsReadingAnEndlessLog) {
  RawServer server(PourLog);

  const auto read = ClientOf(server.Url(""))->ReadLog("ns", "p", "main", 1000, kTimeout);

  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(*read, HasSubstr("\n... 67"));  // a little above 64 MiB
  EXPECT_LE(read->size(), 1000);
}

TEST(KubeClientLog, EndsAtItsDeadline) {
  RawServer server([](RawConnection& connection, int index) {
    if (index == 0) return PourLog(connection, index);
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\n\r\nx");
    connection.ReadAll();
  });

  EXPECT_THAT(ClientOf(server.Url(""))->ReadLog("ns", "p", "main", 1000, absl::Milliseconds(500)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
}

}  // namespace
}  // namespace jobexec::kube
