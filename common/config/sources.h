// What a program is told by flags, environment variables and a settings file.
//
// A setting has one name everywhere: the variable RCV_PORT=8080 is the flag --rcv-port=8080 and the
// line RCV_PORT=8080 of a settings file. A flag wins over a variable, a variable over the file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/setting.h"

namespace jobexec::config {

using Environment = std::map<std::string, std::string>;

// The variables of this process.
Environment ProcessEnvironment();

// A value and who gave it: "variable", "flag --rcv-port" or "file intake.env:3".
struct Assignment {
  std::string value;
  std::string origin;
};

// The origin of what an environment variable gives.
inline constexpr char kFromVariable[] = "variable";

struct Sources {
  // By name of the setting. The Add functions leave what is there: add the strongest source first.
  std::map<std::string, Assignment> assignments;
  // What is wrong with the sources themselves, e.g. an unknown flag.
  std::vector<std::string> faults;
};

// The file that SETTINGS_FILE names has more of them.
inline constexpr char kSettingsFile[] = "SETTINGS_FILE";

// "--rcv-port" for RCV_PORT.
std::string FlagName(absl::string_view setting);

// Flags: --name=VALUE or --name VALUE; a switch needs no value and takes one only after "=". A
// fault for each flag that is not known, given twice, without its value or a secret, and for each
// other word. Faults never show values: one of them may be a secret under a wrong name.
void AddFlags(const std::vector<std::string>& words, const std::vector<Setting>& known,
              Sources& sources);

void AddEnvironment(const Environment& environment, Sources& sources);

// The variables alone.
Sources SourcesOf(const Environment& environment);

enum class UnknownNames { kFault, kIgnore };

// Adds the file that the sources so far name in SETTINGS_FILE, if they do; settings_file.h has its
// form. Names that are not in `known` are faults, or left alone.
void AddSettingsFile(const std::vector<Setting>& known, UnknownNames unknown, Sources& sources);

}  // namespace jobexec::config
