#include "common/kube/config.h"

#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/kube/http_kube_client.h"
#include "common/kube/kubeconfig.h"
#include "common/telemetry/log.h"

namespace jobexec::kube {
namespace {

constexpr size_t kMaxAccountFileBytes = 1024 * 1024;

absl::Status CheckFile(const std::string& path) {
  return Annotate(ReadFile(path, kMaxAccountFileBytes).status(), "service account of this pod");
}

absl::StatusOr<ClusterConfig> LoadInCluster(const PodEnvironment& pod) {
  if (pod.host.empty() || pod.port.empty()) {
    return absl::FailedPreconditionError(
        "no kubeconfig is given and this is not a pod (KUBERNETES_SERVICE_HOST and "
        "KUBERNETES_SERVICE_PORT are not set): set KUBECONFIG to a kubeconfig file");
  }
  ClusterConfig config;
  const bool is_ipv6 = absl::StrContains(pod.host, ":");
  const std::string host = is_ipv6 ? absl::StrCat("[", pod.host, "]") : pod.host;
  config.server = absl::StrCat("https://", host, ":", pod.port);
  config.token_file = absl::StrCat(pod.service_account, "/token");
  config.tls.ca_file = absl::StrCat(pod.service_account, "/ca.crt");
  RETURN_IF_ERROR(CheckFile(config.token_file));
  RETURN_IF_ERROR(CheckFile(config.tls.ca_file));
  const auto name_space =
      ReadFile(absl::StrCat(pod.service_account, "/namespace"), kMaxAccountFileBytes);
  if (name_space.ok()) config.name_space = std::string(absl::StripAsciiWhitespace(*name_space));
  return config;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

PodEnvironment ReadPodEnvironment() {
  PodEnvironment pod;
  pod.host = Environment("KUBERNETES_SERVICE_HOST");
  pod.port = Environment("KUBERNETES_SERVICE_PORT");
  return pod;
}

absl::StatusOr<ClusterConfig> LoadClusterConfig(const std::string& kubeconfig_path,
                                                const PodEnvironment& pod) {
  return kubeconfig_path.empty() ? LoadInCluster(pod) : ReadKubeconfig(kubeconfig_path);
}

absl::StatusOr<std::unique_ptr<Client>> ConnectCluster(const std::string& kubeconfig_path) {
  ASSIGN_OR_RETURN(const ClusterConfig config, LoadClusterConfig(kubeconfig_path));
  log::Info("using the Kubernetes API", {{"server", config.server}});
  if (!config.tls.verify) {
    log::Warning("the API server's certificate is not verified (insecure-skip-tls-verify)");
  }
  return HttpKubeClient::Create(config, RealClock());
}

}  // namespace jobexec::kube
