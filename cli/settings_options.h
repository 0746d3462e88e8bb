// Settings of the scheduler as options: JOB_NAMESPACE is --job-namespace.
#pragma once

#include <vector>

#include "cli/arguments.h"
#include "common/config/settings.h"
#include "common/resources/resource_store.h"
#include "scheduler/planner.h"

namespace jobexec::cli {

// The settings that shape Jobs, and the file that may have them. Their help and defaults are those
// of the scheduler, but for JOB_NAMESPACE and SCHEDULER_PUBLIC_ADDRESS, which have a default here.
std::vector<Option> JobSettingOptions();

// What options of the call, variables of the process and the settings file say. The file may be
// that of the scheduler: what shapes no Jobs is left alone.
config::Sources SettingSources(const Arguments& arguments, const Console& console);

struct JobSettings {
  scheduler::PlannerSettings planner;
  resources::Scope default_scope;
};

// INVALID_ARGUMENT with every wrong setting.
absl::StatusOr<JobSettings> LoadJobSettings(config::Sources sources);

}  // namespace jobexec::cli
