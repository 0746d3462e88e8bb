// The log line about what a service's settings are.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "common/config/setting.h"

namespace jobexec::service {

// {"RCV_PORT":{"value":"8080","origin":"default"},...}. A value is cut at 1 KiB.
nlohmann::ordered_json SettingsRecord(const std::vector<config::Setting>& settings);

// Writes the line "settings" with them.
void LogSettings(const std::vector<config::Setting>& settings);

}  // namespace jobexec::service
