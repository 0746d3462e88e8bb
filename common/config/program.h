// The command line that all services share: settings as flags, --help, --version.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/config/setting.h"
#include "common/config/sources.h"

namespace jobexec::config {

struct Program {
  std::string name;               // "jobexec-intake"
  std::string description;        // a paragraph
  std::string examples;           // lines
  std::vector<Setting> settings;  // see SettingsOf
};

// What to print at once, and then end: the help or the version, if one of the words asks for it.
std::optional<std::string> HelpOrVersion(const Program& program,
                                         const std::vector<std::string>& words);

// Everything that flags, environment and the settings file say. A program without SETTINGS_FILE
// among its settings reads no file.
Sources ReadSources(const std::vector<Setting>& settings, const std::vector<std::string>& words,
                    const Environment& environment);

}  // namespace jobexec::config
