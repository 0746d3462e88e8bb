// job/config.yaml: from text to JobConfig. Strict, and reports every fault at once.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/config/job_config.h"

namespace jobexec::scheduler {

struct ParsedConfig {
  std::string file_name;            // as given, for messages
  JobConfig config;                 // incomplete if there are faults
  std::vector<ConfigFault> faults;  // in the order of the file

  bool ok() const { return faults.empty(); }
  absl::Status status() const { return FaultsStatus(file_name, faults); }
};

// Parses one task, as it stands under "tasks" of a job/config.yaml: `config` gets one action
// without events that has it. Faults and limits as below, but for the apiVersion.
ParsedConfig ParseTask(absl::string_view file_name, absl::string_view content);

// Parses the content of a job/config.yaml, apiVersion v2.
//
// Faults: syntax errors and limits (1 MiB, depth 50, 100,000 values with all aliases expanded),
// unknown and duplicate fields, values of another kind than expected, numbers out of range, a
// missing or other apiVersion. Not looked at: regular expressions, JSONPaths, quantities, names,
// images, env sources; they are refused when an event needs them, and found by lint before. Pure
// and deterministic.
ParsedConfig ParseJobConfig(absl::string_view file_name, absl::string_view content);

}  // namespace jobexec::scheduler
