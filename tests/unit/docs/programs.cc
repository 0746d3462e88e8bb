#include "tests/unit/docs/programs.h"

#include "initcontainer/settings.h"
#include "intake/settings.h"
#include "reporter/settings.h"
#include "scheduler/settings.h"

namespace jobexec::testing {

const std::vector<ProgramSettings>& AllPrograms() {
  using config::SettingsReader;
  static const auto* const kPrograms = new std::vector<ProgramSettings>{
      {"intake",
       [](SettingsReader& reader) { intake::LoadSettings(reader); },
       {{"SCHEDULER_ADDRESS", "s:1"}}},
      {"scheduler",
       [](SettingsReader& reader) { scheduler::LoadSettings(reader); },
       {{"JOB_NAMESPACE", "n"}, {"RESOURCE_DIRECTORY", "/"}}},
      {"reporter",
       [](SettingsReader& reader) { reporter::LoadSettings(reader); },
       {{"JOB_NAMESPACE", "n"}, {"EVENT_SINK_URL", "http://sink"}}},
      {"init",
       [](SettingsReader& reader) { initcontainer::LoadSettings(reader); },
       {{"JOBEXEC_SCHEDULER", "s:1"}, {"JOBEXEC_GRANT", "g"}}},
  };
  return *kPrograms;
}

}  // namespace jobexec::testing
