// What render and explain have in common: their inputs.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "cli/event_file.h"
#include "cli/settings_options.h"
#include "scheduler/config/job_config.h"

namespace jobexec::cli {

struct EventAndConfig {
  JobSettings settings;
  EventFile event;
  std::string config_name;
  scheduler::JobConfig config;
};

// Reads what --event, --type, --config and the options of settings name. Prints notes of the event
// and what is wrong to console.err; then the code says how the command ends: kUsage for wrong
// arguments or settings, kFailure for a bad event or config.
struct ReadResult {
  int code = kSuccess;
  EventAndConfig input;
};
ReadResult ReadEventAndConfig(const Arguments& arguments, const Console& console);

// The options for it.
std::vector<Option> EventAndConfigOptions();

}  // namespace jobexec::cli
