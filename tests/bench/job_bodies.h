// The bodies of the Jobs that the scheduler makes of events.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/config/settings.h"

namespace jobexec::bench {

// Byte for byte what a scheduler with these settings would post for events with these ids: made by
// its own planner, here. One Job per event.
absl::StatusOr<std::vector<std::string>> MakeJobBodies(const config::Environment& scheduler,
                                                       const std::vector<std::string>& event_ids);

}  // namespace jobexec::bench
