// Calls through a proxy, as the usual variables say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/keptn/api.h"
#include "tests/support/fake_clock.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/keptn/scripted_keptn.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::RawConnection;
using ::jobexec::testing::RawServer;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::StartsWith;

// Variables of this process for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* const name_;
};

class ApiProxyTest : public ::testing::Test {
 protected:
  ApiProxyTest() {
    for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
                             "ALL_PROXY", "no_proxy", "NO_PROXY"}) {
      unsetenv(name);
    }
  }
  absl::StatusOr<Answer> Ask(const std::string& base) {
    Settings settings;
    settings.urls.control_plane = base;
    return Api::Create(settings, clock_)->Send({.path = "/v1/x"});
  }

  // Of the last request that the proxy got.
  std::string FirstLine() {
    absl::MutexLock lock(&mutex_);
    return first_line_;
  }

  testing::FakeClock clock_;
  absl::Mutex mutex_;
  std::string first_line_ ABSL_GUARDED_BY(mutex_);
  RawServer proxy_{[this](RawConnection& connection, int) {
    const std::string line = connection.ReadThrough("\r\n");
    {
      absl::MutexLock lock(&mutex_);
      first_line_ = line;
    }
    connection.ReadThrough("\r\n\r\n");
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  }};
};

TEST_F(ApiProxyTest, HttpGoesToTheProxyWhole) {
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy"}) {
    const Variable variable(name, proxy_.Url(""));
    EXPECT_THAT(Ask("http://keptn.invalid/api"), IsOk()) << name;
    EXPECT_EQ(FirstLine(), "GET http://keptn.invalid/api/v1/x HTTP/1.1\r\n") << name;
  }
}

TEST_F(ApiProxyTest, HttpsGoesThroughATunnel) {
  for (const char* name : {"https_proxy", "HTTPS_PROXY"}) {
    const Variable variable(name, proxy_.Url(""));
    EXPECT_FALSE(Ask("https://keptn.invalid/api").ok()) << "this proxy speaks no TLS";
    EXPECT_THAT(FirstLine(), StartsWith("CONNECT keptn.invalid:443 HTTP/1.1")) << name;
  }
}

TEST_F(ApiProxyTest, WhatIsExemptGoesStraight) {
  testing::ScriptedKeptn keptn([](const http::Request&) { return testing::JsonAnswer(200, "{}"); });
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    const Variable proxy("HTTP_PROXY", proxy_.Url(""));
    const Variable exempt(name, "127.0.0.1,.svc");
    EXPECT_THAT(Ask(keptn.url()), IsOk()) << name;
  }
  EXPECT_EQ(keptn.requests().size(), 2);
  EXPECT_EQ(proxy_.connections(), 0);
}

TEST_F(ApiProxyTest, SmallLettersWin) {
  const Variable wrong("HTTP_PROXY", "http://127.0.0.1:1");
  const Variable right("http_proxy", proxy_.Url(""));

  EXPECT_THAT(Ask("http://keptn.invalid"), IsOk());
}

TEST_F(ApiProxyTest, AProxyThatIsAwayIsAnOutage) {
  const Variable proxy("http_proxy", "http://user:hunter2@127.0.0.1:1");

  EXPECT_THAT(
      Ask("http://keptn.invalid"),
      StatusIs(absl::StatusCode::kUnavailable, ::testing::Not(::testing::HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace jobexec::keptn
