// What a container may do: the task's securityContext over the installation's default.
#pragma once

#include <nlohmann/json.hpp>

#include "scheduler/config/job_config.h"

namespace jobexec::scheduler {

// Every field of the task replaces the default; capabilities and seccompProfile do so as a whole.
nlohmann::json MergeSecurityContext(const nlohmann::json& defaults, const SecurityContext& task);

bool IsPrivileged(const nlohmann::json& context);

}  // namespace jobexec::scheduler
