#include "common/service/common_settings.h"

#include "absl/strings/str_cat.h"

namespace jobexec::service {

void LoadCommonSettings(config::SettingsReader& reader, int default_admin_port,
                        CommonSettings& settings) {
  settings.admin_address = reader.Text("ADMIN_ADDRESS", "0.0.0.0", "Address of the admin port");
  settings.admin_port =
      static_cast<int>(reader.Int("ADMIN_PORT", default_admin_port, 0, 65535,
                                  "Port of /livez, /readyz and /metrics; 0: any free port"));
  const std::string level =
      reader.Text("LOG_LEVEL", "info", "Lowest level of log lines: debug, info, warning, error");
  const auto parsed = log::ParseLevel(level);
  if (parsed.ok()) {
    settings.log_level = *parsed;
  } else {
    reader.AddFault("LOG_LEVEL",
                    absl::StrCat("is \"", level, "\", expected debug, info, warning or error"));
  }
}

}  // namespace jobexec::service
