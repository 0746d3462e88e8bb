#include "common/service/common_settings.h"

namespace jobexec::service {

void LoadCommonSettings(config::SettingsReader& reader, int default_admin_port,
                        CommonSettings& settings) {
  reader.Group("The program itself");
  settings.admin_address = reader.Text("ADMIN_ADDRESS", "0.0.0.0", "Address of the admin port");
  settings.admin_port =
      static_cast<int>(reader.Int("ADMIN_PORT", default_admin_port, 0, 65535,
                                  "Port of /livez, /readyz and /metrics; 0: any free port"));
  const auto level = log::ParseLevel(reader.Choice(
      "LOG_LEVEL", "info", {"debug", "info", "warning", "error"}, "Lowest level of log lines"));
  if (level.ok()) settings.log_level = *level;
  // What it names was read before this reader was made.
  reader.Text(config::kSettingsFile, "",
              "Path of a file with more settings, a line NAME=value each");
}

}  // namespace jobexec::service
