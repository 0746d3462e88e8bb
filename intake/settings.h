// Intake's settings, from environment variables.
#pragma once

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "common/config/settings.h"
#include "common/service/common_settings.h"
#include "intake/keptn_settings.h"

namespace jobexec::intake {

struct Settings : service::CommonSettings {
  std::string address;
  int port = 0;      // 0 = any
  std::string path;  // starts with "/"
  size_t max_body_bytes = 0;
  int max_connections = 0;
  bool health_enabled = false;
  int health_port = 0;  // may be `port`
  size_t max_in_flight = 0;
  size_t credits = 0;
  absl::Duration submit_timeout;
  absl::Duration drain_timeout;
  std::string scheduler_address;
  KeptnSettings keptn;
};

// Reads every setting. Faults are added to the reader; call reader.Finish() afterwards.
Settings LoadSettings(config::SettingsReader& reader);

}  // namespace jobexec::intake
