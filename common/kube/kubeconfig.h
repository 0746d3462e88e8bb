// The kubeconfig file format, as far as it is supported: see LoadClusterConfig.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/kube/config.h"

namespace jobexec::kube {

absl::StatusOr<ClusterConfig> ReadKubeconfig(const std::string& path);

}  // namespace jobexec::kube
