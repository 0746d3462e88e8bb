// The client's TLS: whom it trusts and how it shows itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/http/http_client.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"
#include "tests/support/tls_material.h"

namespace jobexec::http {
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

void AnswerAlways(RawConnection& connection, int) {
  while (!connection.ReadMessage().empty()) {
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }
}

class ClientTls : public ::testing::Test {
 protected:
  absl::StatusOr<Response> Ask(const RawServer& server, TlsOptions tls) {
    Client::Options options;
    options.tls = std::move(tls);
    return Client::Create(std::move(options))
        ->Send({"GET", server.Url("/"), {}, ""}, absl::Seconds(20), true);
  }

  const KeyPair authority_ = MakeAuthority("right authority");
  const KeyPair stranger_ = MakeAuthority("other authority");
  const KeyPair identity_ = MakeCertificate(authority_, "server");
};

TEST_F(ClientTls, TrustsTheGivenAuthority) {
  RawServer server(AnswerAlways, ServerTls{identity_, ""});

  EXPECT_THAT(Ask(server, {.ca_pem = authority_.certificate_pem}), IsOk());
}

TEST_F(ClientTls, TrustsNobodyElse) {
  RawServer server(AnswerAlways, ServerTls{identity_, ""});

  for (const TlsOptions& tls : {TlsOptions{.ca_pem = stranger_.certificate_pem}, TlsOptions{}}) {
    const auto response = Ask(server, tls);
    EXPECT_THAT(response, StatusIs(absl::StatusCode::kFailedPrecondition, _));
    EXPECT_EQ(GetReason(response.status()), "NOT_SENT");
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ClientTls, ChecksTheHostName) {
  RawServer server(AnswerAlways, ServerTls{identity_, ""});
  Client::Options options;
  options.tls.ca_pem = authority_.certificate_pem;

  const auto response =
      Client::Create(std::move(options))
          ->Send({"GET", absl::StrCat("https://localhost:", server.port(), "/"), {}, ""},
                 absl::Seconds(20), true);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kFailedPrecondition, _));
}

TEST_F(ClientTls, TrustsEverybodyOnRequest) {
  RawServer server(AnswerAlways, ServerTls{identity_, ""});

  EXPECT_THAT(Ask(server, {.verify = false}), IsOk());
}

TEST_F(ClientTls, ShowsItsCertificate) {
  RawServer server(AnswerAlways, ServerTls{identity_, authority_.certificate_pem});
  const KeyPair mine = MakeCertificate(authority_, "client");

  EXPECT_THAT(Ask(server, {.ca_pem = authority_.certificate_pem,
                           .certificate_pem = mine.certificate_pem,
                           .key_pem = mine.key_pem}),
              IsOk());
  EXPECT_THAT(Ask(server, {.ca_pem = authority_.certificate_pem}),
              StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(ClientTls, ReadsFilesAgainForEachConnection) {
  RawServer server(AnswerAlways, ServerTls{identity_, ""});
  const testing::TempDirectory directory;
  Client::Options options;
  options.tls.ca_file = directory.path() + "/ca.crt";
  options.max_idle_connections = 0;
  auto client = Client::Create(std::move(options));
  const auto ask = [&] {
    return client->Send({"GET", server.Url("/"), {}, ""}, absl::Seconds(20), true);
  };

  EXPECT_THAT(ask(), StatusIs(absl::StatusCode::kFailedPrecondition, _));
  directory.Write("ca.crt", stranger_.certificate_pem);
  EXPECT_THAT(ask(), StatusIs(absl::StatusCode::kFailedPrecondition, _));
  directory.Write("ca.crt", authority_.certificate_pem);
  EXPECT_THAT(ask(), IsOk());
}

TEST_F(ClientTls, KeepsItsConnection) {
  RawServer server(AnswerAlways, ServerTls{identity_, ""});
  Client::Options options;
  options.tls.ca_pem = authority_.certificate_pem;
  auto client = Client::Create(std::move(options));

  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(client->Send({"POST", server.Url("/"), {}, "x"}, absl::Seconds(20), true), IsOk());
  }

  EXPECT_EQ(server.connections(), 1);
}

}  // namespace
}  // namespace jobexec::http
