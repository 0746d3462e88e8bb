// Whom a call trusts: Keptn's certificate is always checked unless a setting says otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status_details.h"
#include "common/keptn/api.h"
#include "tests/support/fake_clock.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"
#include "tests/support/tls_material.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::KeyPair;
using ::jobexec::testing::MakeAuthority;
using ::jobexec::testing::MakeCertificate;
using ::jobexec::testing::RawConnection;
using ::jobexec::testing::RawServer;
using ::jobexec::testing::ServerTls;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

void AnswerAlways(RawConnection& connection, int) {
  while (!connection.ReadMessage().empty()) {
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  }
}

class ApiTlsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Api> MakeApi(const std::string& ca_pem, bool verify = true) {
    Settings settings;
    settings.urls.control_plane = server_.Url("");
    settings.token = "t";
    settings.verify_tls = verify;
    if (!ca_pem.empty()) {
      directory_.Write("ca.pem", ca_pem);
      settings.ca_file = directory_.path() + "/ca.pem";
    }
    return Api::Create(settings, clock_);
  }

  testing::FakeClock clock_;
  testing::TempDirectory directory_;
  const KeyPair authority_ = MakeAuthority("right authority");
  const KeyPair identity_ = MakeCertificate(authority_, "keptn");
  RawServer server_{AnswerAlways, ServerTls{identity_, ""}};
};

TEST_F(ApiTlsTest, TrustsTheGivenAuthority) {
  EXPECT_THAT(MakeApi(authority_.certificate_pem)->Send({.path = "/"}), IsOk());
}

TEST_F(ApiTlsTest, AWrongAuthorityIsToldAndNothingIsSent) {
  for (const std::string& ca : {MakeAuthority("stranger").certificate_pem, std::string()}) {
    const auto api = MakeApi(ca);
    const auto answer = api->Send({.path = "/v1/x"});
    EXPECT_THAT(answer,
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("KEPTN_CA_FILE")));
    EXPECT_EQ(GetReason(answer.status()), "NOT_SENT");
    EXPECT_THAT(api->CheckReachable(), StatusIs(absl::StatusCode::kFailedPrecondition, _));
  }
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(ApiTlsTest, RecoversWhenTheFileIsMendedWithoutARestart) {
  const auto api = MakeApi(MakeAuthority("stranger").certificate_pem);
  EXPECT_THAT(api->Send({.path = "/"}), StatusIs(absl::StatusCode::kFailedPrecondition, _));

  directory_.Write("ca.pem", authority_.certificate_pem);

  EXPECT_THAT(api->Send({.path = "/"}), IsOk());
  EXPECT_THAT(api->CheckReachable(), IsOk());
}

TEST_F(ApiTlsTest, TrustsEverybodyOnlyIfTold) {
  EXPECT_THAT(MakeApi("", false)->Send({.path = "/"}), IsOk());
}

}  // namespace
}  // namespace jobexec::keptn
