// The settings of every program, as its code asks for them.
#pragma once

#include <string>
#include <vector>

#include "common/config/settings.h"

namespace jobexec::testing {

struct ProgramSettings {
  std::string program;  // "intake"
  void (*load)(config::SettingsReader& reader);
  // The required settings, so that nothing else is a fault.
  config::Environment minimum;

  std::vector<config::Setting> settings() const { return config::SettingsOf(load); }
};

const std::vector<ProgramSettings>& AllPrograms();

}  // namespace jobexec::testing
