// The command line that all services share: --help lists the settings, --version prints the
// version.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/settings.h"

namespace jobexec::config {

struct Program {
  std::string name;         // "jobexec-intake"
  std::string description;  // one paragraph
  // Every setting, as the reader saw it while loading from an empty environment.
  std::vector<SettingHelp> settings;
};

// Parses the command line. Returns the exit code if the program is to end at once (--help,
// --version, a wrong argument), else nothing.
std::optional<int> ParseCommandLine(const Program& program, int argc, char** argv);

}  // namespace jobexec::config
