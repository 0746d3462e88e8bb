// The settings that shape plans and Jobs, from environment variables and the files they name.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "common/config/settings.h"
#include "common/resources/resource_store.h"
#include "scheduler/planner.h"

namespace jobexec::scheduler {

// All functions add faults to the reader; call reader.Finish() afterwards.

// `fetch_address` is the default of SCHEDULER_PUBLIC_ADDRESS.
PlannerSettings LoadPlannerSettings(config::SettingsReader& reader,
                                    absl::string_view fetch_address);

// Used for events whose data names no project, stage or service.
resources::Scope LoadDefaultScope(config::SettingsReader& reader);

// Empty if no key is set.
std::string LoadGrantKey(config::SettingsReader& reader);

}  // namespace jobexec::scheduler
