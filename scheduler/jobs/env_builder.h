// The environment variables of a job container.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/runs/event_facts.h"
#include "scheduler/config/job_config.h"

namespace jobexec::scheduler {

// Linux passes no longer string to a process: name, "=", value and the final zero.
inline constexpr size_t kMaxVariableBytes = 128 * 1024;

// Values of the container's fields of these names.
struct ContainerEnv {
  nlohmann::json env = nlohmann::json::array();
  nlohmann::json env_from = nlohmann::json::array();  // Secrets; Kubernetes lets `env` win
};

// The task's variables in their order, then KEPTN_PROJECT, KEPTN_STAGE, KEPTN_SERVICE and one
// LABELS_<KEY> per label of the event: Kubernetes lets the last of equal names win. $(NAME) is left
// to Kubernetes. INVALID_ARGUMENT names the variable: JOB_INVALID for a JSONPath that is none or
// finds nothing and for an unknown valueFrom, ENV_TOO_LARGE above kMaxVariableBytes.
absl::StatusOr<ContainerEnv> BuildEnv(const Task& task, const runs::EventFacts& facts,
                                      const nlohmann::json& document);

// Name of the variable of an event's label: '-' and blank become '_', as does what no variable can
// have in its name ('=' and everything outside of ASCII); letters become capitals.
std::string LabelVariable(absl::string_view label);

}  // namespace jobexec::scheduler
