// One event against one config, as the scheduler would handle it. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/settings_options.h"
#include "common/cloudevents/event.h"
#include "scheduler/event_input.h"
#include "scheduler/plan.h"

namespace jobexec::cli {

struct Simulation {
  scheduler::EventInput input;
  std::string ignored_reason;  // why there is no plan; empty if there is one
  std::vector<int> matching;   // positions of the matching actions in the file
  scheduler::Plan plan;
};

// The plan is that of a scheduler with these settings, but for the grants of init containers: their
// key is the scheduler's secret. INVALID_ARGUMENT: the event is none.
absl::StatusOr<Simulation> Simulate(const cloudevents::Event& event,
                                    const scheduler::JobConfig& config,
                                    const JobSettings& settings);

}  // namespace jobexec::cli
