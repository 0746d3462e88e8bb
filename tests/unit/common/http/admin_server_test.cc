#include "common/http/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/http/http_client.h"
#include "tests/support/status_matchers.h"

namespace jobexec::http {
namespace {

using ::testing::HasSubstr;

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    AdminHandlers handlers;
    handlers.ready = [this] {
      absl::MutexLock lock(&mutex_);
      return ready_;
    };
    handlers.metrics_text = [] { return std::string("m 1\n"); };
    server_ = *StartAdminServer({.address = "127.0.0.1"}, std::move(handlers));
  }

  Response Ask(absl::string_view method, absl::string_view path) {
    Request request;
    request.method = std::string(method);
    request.target = absl::StrCat("http://127.0.0.1:", server_->port(), path);
    auto response = client_->Send(request, absl::Seconds(20), true);
    EXPECT_TRUE(response.ok()) << response.status();
    return *std::move(response);
  }

  absl::Mutex mutex_;
  absl::Status ready_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_ = Client::Create({});
};

TEST_F(AdminServerTest, AnswersProbesAndMetrics) {
  EXPECT_EQ(Ask("GET", "/livez").status, 200);
  EXPECT_EQ(Ask("HEAD", "/livez?verbose").status, 200);
  EXPECT_EQ(Ask("GET", "/readyz").body, "ok\n");
  const Response metrics = Ask("GET", "/metrics");
  EXPECT_EQ(metrics.body, "m 1\n");
  EXPECT_THAT(std::string(FindHeader(metrics.headers, "Content-Type")), HasSubstr("version=0.0.4"));
}

TEST_F(AdminServerTest, SaysWhyItIsNotReadyAndStaysAlive) {
  {
    absl::MutexLock lock(&mutex_);
    ready_ = absl::UnavailableError("no scheduler is connected");
  }

  const Response response = Ask("GET", "/readyz");

  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("no scheduler is connected"));
  EXPECT_EQ(Ask("GET", "/livez").status, 200);
}

TEST_F(AdminServerTest, RefusesEverythingElse) {
  EXPECT_EQ(Ask("GET", "/").status, 404);
  EXPECT_EQ(Ask("GET", "/livezz").status, 404);
  const Response response = Ask("DELETE", "/livez");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(FindHeader(response.headers, "Allow"), "GET, HEAD");
}

}  // namespace
}  // namespace jobexec::http
