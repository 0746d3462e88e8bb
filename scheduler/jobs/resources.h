// Compute resources of a container.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "scheduler/config/job_config.h"

namespace jobexec::scheduler {

// The container's `resources` with canonical quantities; empty texts are left out.
// INVALID_ARGUMENT names the resource and what is wrong with its quantity.
absl::StatusOr<nlohmann::json> BuildResources(const Resources& resources);

}  // namespace jobexec::scheduler
