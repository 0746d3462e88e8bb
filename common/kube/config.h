// Where the API server is and how to prove who we are.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/http/http_client.h"
#include "common/kube/kube_client.h"

namespace jobexec::kube {

struct ClusterConfig {
  std::string server;  // "https://10.96.0.1:443", may have a path, no slash at the end
  http::TlsOptions tls;
  std::string name_space = "default";  // the context's, or the pod's own
  std::string token;                   // bearer token, "" for none
  std::string token_file;              // wins over `token`; read again as it changes
};

// Where a pod finds its cluster.
struct PodEnvironment {
  std::string host;  // KUBERNETES_SERVICE_HOST, "" outside of a cluster
  std::string port;  // KUBERNETES_SERVICE_PORT
  // The folder with the files token, ca.crt and namespace.
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// That of this process.
PodEnvironment ReadPodEnvironment();

// The cluster of the kubeconfig file at `kubeconfig_path` (its current context), or, if the path is
// empty, the one in which this process is a pod. Credentials that need another program (exec,
// auth-provider), passwords and impersonation are refused. Relative paths in the file are relative
// to its folder. Errors, naming file and field: INVALID_ARGUMENT bad content; FAILED_PRECONDITION
// no path and not in a pod; else as for ReadFile.
absl::StatusOr<ClusterConfig> LoadClusterConfig(const std::string& kubeconfig_path,
                                                const PodEnvironment& pod = ReadPodEnvironment());

// A client of the cluster of LoadClusterConfig; logs where it is and a warning if its certificate
// is not verified. Nothing is sent yet.
absl::StatusOr<std::unique_ptr<Client>> ConnectCluster(const std::string& kubeconfig_path);

}  // namespace jobexec::kube
