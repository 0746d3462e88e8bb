// The scheduler's settings, from environment variables.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/config/settings.h"
#include "common/service/common_settings.h"
#include "scheduler/configuration_store.h"
#include "scheduler/event_handler.h"
#include "scheduler/planner.h"

namespace jobexec::scheduler {

struct Settings : service::CommonSettings {
  std::string address;
  int port = 0;
  std::string kubeconfig;  // empty: in-cluster
  ConfigurationStoreSettings files;
  std::string grant_key;
  bool grant_key_is_temporary = false;
  int workers = 0;
  int queue = 0;
  int window = 0;
  absl::Duration drain_timeout;
  PlannerSettings planner;
  EventHandler::Options handler;
};

// Reads every setting, and the files that settings name. Faults are added to the reader; call
// reader.Finish() afterwards.
Settings LoadSettings(config::SettingsReader& reader);

}  // namespace jobexec::scheduler
