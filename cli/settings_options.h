// Settings of the scheduler as options: JOB_NAMESPACE is --job-namespace.
#pragma once

#include <vector>

#include "cli/arguments.h"
#include "common/config/settings.h"
#include "common/resources/resource_store.h"
#include "scheduler/planner.h"

namespace jobexec::cli {

// The settings that shape Jobs. Their help and defaults are those of the scheduler, but for
// JOB_NAMESPACE and SCHEDULER_PUBLIC_ADDRESS, which have a default here.
std::vector<Option> JobSettingOptions();

// The variables of the process with those that options of the call replace.
config::Environment EnvironmentOf(const Arguments& arguments, const Console& console);

struct JobSettings {
  scheduler::PlannerSettings planner;
  resources::Scope default_scope;
};

// INVALID_ARGUMENT with every wrong setting.
absl::StatusOr<JobSettings> LoadJobSettings(config::Environment environment);

}  // namespace jobexec::cli
