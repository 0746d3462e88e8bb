// What is wrong with a file that a user wrote, and where.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "scheduler/config/job_config.h"

namespace jobexec::scheduler {

struct ConfigFault {
  Position position;
  std::string message;  // what was found and what is allowed

  bool operator==(const ConfigFault&) const = default;
};

// `text` of a user in a message: escaped, and shortened to 60 bytes.
std::string Shown(absl::string_view text);

// OK without faults, else INVALID_ARGUMENT with reason CONFIG_INVALID and one line
// "<file>:<line>:<column>: <message>" per fault; after 20 of them their number.
absl::Status FaultsStatus(absl::string_view file_name, const std::vector<ConfigFault>& faults);

}  // namespace jobexec::scheduler
