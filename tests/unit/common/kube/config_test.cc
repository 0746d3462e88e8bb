#include "common/kube/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::jobexec::testing::TempDirectory;
using ::testing::HasSubstr;

class InCluster : public ::testing::Test {
 protected:
  InCluster() {
    directory_.Write("token", "t");
    directory_.Write("ca.crt", "pem");
  }

  PodEnvironment Pod(const std::string& host) const {
    return {.host = host, .port = "443", .service_account = directory_.path()};
  }

  TempDirectory directory_;
};

TEST_F(InCluster, UsesTheServiceAccount) {
  directory_.Write("namespace", "jobs\n");

  const auto config = LoadClusterConfig("", Pod("10.96.0.1"));

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->token_file, directory_.path() + "/token");
  EXPECT_EQ(config->tls.ca_file, directory_.path() + "/ca.crt");
  EXPECT_TRUE(config->tls.verify);
  EXPECT_EQ(config->name_space, "jobs");
}

TEST_F(InCluster, BracketsIpv6AndDefaultsTheNamespace) {
  const auto config = LoadClusterConfig("", Pod("fd00::1"));

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->name_space, "default");
}

TEST_F(InCluster, SaysWhatIsMissing) {
  EXPECT_THAT(LoadClusterConfig("", Pod("")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("set KUBECONFIG")));
  const TempDirectory empty;
  PodEnvironment pod = Pod("10.96.0.1");
  pod.service_account = empty.path();
  EXPECT_THAT(LoadClusterConfig("", pod),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(empty.path() + "/token")));
}

TEST(ConnectCluster, FailsOnlyForItsConfiguration) {
  const TempDirectory directory;
  directory.Write("config",
                  "current-context: c\n"
                  "contexts: [{name: c, context: {cluster: k}}]\n"
                  "clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}]\n");

  EXPECT_THAT(ConnectCluster(directory.path() + "/config"), IsOk());
  EXPECT_THAT(ConnectCluster(directory.path() + "/other"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(directory.path() + "/other")));
}

}  // namespace
}  // namespace jobexec::kube
