#include "common/kube/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::jobexec::testing::TempDirectory;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTemplate[] = R"(apiVersion: v1
kind: Config
preferences: {}
current-context: dev
contexts:
- name: other
  context: {cluster: other, user: other}
- name: dev
  context:
    cluster: local
    user: admin
CONTEXTclusters:
- name: local
  cluster:
    server: https://10.0.0.1:6443/
CLUSTERusers:
- name: admin
  user:
USER)";

// The template with lines added to context, cluster and user.
std::string With(const std::string& context, const std::string& cluster, const std::string& user) {
  const auto line = [](const std::string& text) {
    return text.empty() ? std::string() : absl::StrCat("    ", text, "\n");
  };
  return absl::StrReplaceAll(kTemplate, {{"CONTEXT", line(context)},
                                         {"CLUSTER", line(cluster)},
                                         {"USER", user.empty() ? "    token: abc\n" : line(user)}});
}

class Kubeconfig : public ::testing::Test {
 protected:
  absl::StatusOr<ClusterConfig> Read(const std::string& text) {
    directory_.Write("config", text);
    return ReadKubeconfig(directory_.path() + "/config");
  }

  TempDirectory directory_;
};

TEST_F(Kubeconfig, FollowsTheCurrentContext) {
  const auto config = Read(With("namespace: jobs", "", ""));

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->name_space, "jobs");
  EXPECT_EQ(config->token, "abc");
  EXPECT_EQ(config->token_file, "");
  EXPECT_TRUE(config->tls.verify);
  EXPECT_EQ(config->tls.ca_pem + config->tls.ca_file, "");
}

TEST_F(Kubeconfig, NeedsNoUser) {
  const auto config = Read(
      "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\n"
      "clusters: [{name: k, cluster: {server: 'http://127.0.0.1:8001'}}]\n");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server, "http://127.0.0.1:8001");
  EXPECT_EQ(config->name_space, "default");
}

TEST_F(Kubeconfig, DecodesCertificates) {
  const auto config = Read(With("", "certificate-authority-data: Y2E=",
                                "{client-certificate-data: Y2VydA==, client-key-data: a2V5}"));

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->tls.ca_pem, "ca");
  EXPECT_EQ(config->tls.certificate_pem, "cert");
  EXPECT_EQ(config->tls.key_pem, "key");
}

TEST_F(Kubeconfig, FindsFilesFromItsFolder) {
  directory_.Write("pki/ca.crt", "ca");
  directory_.Write("cert", "cert");
  directory_.Write("key", "key");
  directory_.Write("token", "token");
  const std::string folder = std::filesystem::path(directory_.path()).lexically_normal().string();

  const auto config = Read(With("", "certificate-authority: pki/../pki/ca.crt",
                                absl::StrCat("{client-certificate: ./cert, client-key: ", folder,
                                             "/key, tokenFile: token}")));

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->tls.ca_file, folder + "/pki/ca.crt");
  EXPECT_EQ(config->tls.certificate_file, folder + "/cert");
  EXPECT_EQ(config->tls.key_file, folder + "/key");
  EXPECT_EQ(config->token_file, folder + "/token");
}

TEST_F(Kubeconfig, KeepsTheOptOutOfVerification) {
  const auto config = Read(With("", "insecure-skip-tls-verify: true", ""));

  ASSERT_THAT(config, IsOk());
  EXPECT_FALSE(config->tls.verify);
}

struct Refused {
  std::string text;
  const char* place;
  const char* what;
};

TEST_F(Kubeconfig, NamesTheFieldOfEveryFault) {
  const std::string ok = With("", "", "");
  const auto replaced = [&](absl::string_view from, absl::string_view to) {
    return absl::StrReplaceAll(ok, {{from, to}});
  };
  const std::vector<Refused> cases = {
      {"", "the file", "expected a mapping"},
      {"- a", "the file", "expected a mapping"},
      {"a: [1", "line ", "not YAML"},
      {replaced("current-context: dev\n", ""), "current-context", "is missing"},
      {replaced("current-context: dev", "current-context: prod"), "contexts[prod]",
       "no such entry"},
      {replaced("current-context: dev", "current-context: [dev]"), "current-context",
       "expected a text"},
      {replaced("contexts:\n", "contexts:\n- 5\n"), "contexts", "entries with a name"},
      {"current-context: a\ncontexts: {a: b}\n", "contexts", "expected a list"},
      {"current-context: a\ncontexts: [{name: a}]\n", "contexts[a].context", "expected a mapping"},
      {replaced("    cluster: local\n", ""), "contexts[dev].context.cluster", "is missing"},
      {replaced("cluster: local", "cluster: far"), "clusters[far]", "no such entry"},
      {replaced("user: admin", "user: root"), "users[root]", "no such entry"},
      {replaced("    server: https://10.0.0.1:6443/\n", "    x: y\n"),
       "clusters[local].cluster.server", "is missing"},
      {replaced("https://10.0.0.1:6443/", "10.0.0.1:6443"), "clusters[local].cluster.server",
       "https://"},
      {With("", "tls-server-name: kube", ""), "clusters[local].cluster.tls-server-name",
       "not supported"},
      {With("", "proxy-url: http://p", ""), "clusters[local].cluster.proxy-url", "https_proxy"},
      {With("", "insecure-skip-tls-verify: maybe", ""),
       "clusters[local].cluster.insecure-skip-tls-verify", "true or false"},
      {With("", "certificate-authority-data: '***'", ""),
       "clusters[local].cluster.certificate-authority-data", "base64"},
      {With("", "certificate-authority: nowhere.crt", ""),
       "clusters[local].cluster.certificate-authority", "nowhere.crt"},
      {With("", "", "client-certificate-data: Y2VydA=="), "users[admin].user", "together"},
      {With("", "", "client-key-data: Y2VydA=="), "users[admin].user", "together"},
      {With("", "", "tokenFile: nowhere"), "users[admin].user.tokenFile", "nowhere"},
      {With("", "", "exec: {command: aws, args: [s3cret]}"), "users[admin].user.exec",
       "kubectl create token"},
      {With("", "", "auth-provider: {name: gcp}"), "users[admin].user.auth-provider",
       "kubectl create token"},
      {With("", "", "username: s3cret"), "users[admin].user.username",
       "passwords are not supported"},
      {With("", "", "password: s3cret"), "users[admin].user.password",
       "passwords are not supported"},
      {With("", "", "as: s3cret"), "users[admin].user.as", "impersonation"},
      {With("", "", "as-uid: s3cret"), "users[admin].user.as-uid", "impersonation"},
      {With("", "", "as-groups: [s3cret]"), "users[admin].user.as-groups", "impersonation"},
      {With("", "", "as-user-extra: {a: [s3cret]}"), "users[admin].user.as-user-extra",
       "impersonation"},
  };
  for (const Refused& refused : cases) {
    const auto config = Read(refused.text);

    ASSERT_FALSE(config.ok()) << refused.text;
    EXPECT_THAT(std::string(config.status().message()),
                AllOf(HasSubstr(directory_.path() + "/config: "), HasSubstr(refused.place),
                      HasSubstr(refused.what), Not(HasSubstr("s3cret"))))
        << refused.text;
  }
}

}  // namespace
}  // namespace jobexec::kube
