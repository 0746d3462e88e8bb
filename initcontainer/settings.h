// The init container's settings, which the scheduler writes into its variables.
#pragma once

#include <string>

#include "common/config/settings.h"
#include "initcontainer/fetcher.h"

namespace jobexec::initcontainer {

struct Settings {
  std::string target;  // folder that gets the files
  FetchOptions fetch;
};

// Reads every setting. Faults are added to the reader; call reader.Finish() afterwards.
Settings LoadSettings(config::SettingsReader& reader);

}  // namespace jobexec::initcontainer
