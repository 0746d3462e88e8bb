// Why the actions of a config match an event or not, and what keeps them from running. Pure.
#pragma once

#include <string>

#include "cli/console.h"
#include "cli/simulation.h"
#include "scheduler/config/job_config.h"

namespace jobexec::cli {

// A text for people. Places are "<file_name>:<line>:<column>".
std::string Explain(const Simulation& simulation, const scheduler::JobConfig& config,
                    const std::string& file_name, const Colours& colours);

}  // namespace jobexec::cli
