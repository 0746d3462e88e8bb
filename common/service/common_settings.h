// The settings that every service has.
#pragma once

#include <string>

#include "common/config/settings.h"
#include "common/telemetry/log.h"

namespace jobexec::service {

struct CommonSettings {
  std::string admin_address;
  int admin_port = 0;  // 0 = any
  log::Level log_level = log::Level::kInfo;
};

// Reads ADMIN_ADDRESS, ADMIN_PORT and LOG_LEVEL into `settings` and makes SETTINGS_FILE known.
// Faults are added to the reader.
void LoadCommonSettings(config::SettingsReader& reader, int default_admin_port,
                        CommonSettings& settings);

}  // namespace jobexec::service
