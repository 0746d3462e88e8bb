#include "cli/settings_options.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status_macros.h"
#include "scheduler/planner_settings.h"

namespace jobexec::cli {
namespace {

// The name of the Service in front of the schedulers.
constexpr char kFetchAddress[] = "jobexec-scheduler:9090";
constexpr char kNamespace[] = "default";

// No Job shows them: one is about events without a config, one about grants, which are secret.
constexpr std::array kWithoutEffect = {"ALWAYS_SEND_FINISHED_EVENT", "GRANT_LIFETIME"};

JobSettings Load(config::SettingsReader& reader) {
  return {.planner = scheduler::LoadPlannerSettings(reader, kFetchAddress),
          .default_scope = scheduler::LoadDefaultScope(reader)};
}

bool HasEffect(const config::SettingHelp& setting) {
  for (const char* name : kWithoutEffect) {
    if (setting.name == name) return false;
  }
  return true;
}

Option ToOption(const config::SettingHelp& setting) {
  const std::string shown =
      setting.default_text.empty() ? "" : absl::StrCat(" [", setting.default_text, "]");
  return {.name = absl::StrCat(
              "--", absl::AsciiStrToLower(absl::StrReplaceAll(setting.name, {{"_", "-"}}))),
          .help = absl::StrCat(setting.help, shown),
          .is_switch = setting.default_text == "false" || setting.default_text == "true",
          .variable = setting.name};
}

}  // namespace

std::vector<Option> JobSettingOptions() {
  const config::Environment defaults = {{"JOB_NAMESPACE", kNamespace}};
  config::SettingsReader reader(defaults);
  Load(reader);
  std::vector<Option> options;
  for (config::SettingHelp setting : reader.help()) {
    if (!HasEffect(setting)) continue;
    if (setting.name == "JOB_NAMESPACE") setting.default_text = kNamespace;
    options.push_back(ToOption(setting));
    if (setting.name == "ALLOWED_IMAGE_LIST") options.back().alias = "--image-allow-list";
  }
  return options;
}

config::Environment EnvironmentOf(const Arguments& arguments, const Console& console) {
  config::Environment environment = console.environment;
  for (const auto& [name, value] : arguments.variables) environment[name] = value;
  return environment;
}

absl::StatusOr<JobSettings> LoadJobSettings(config::Environment environment) {
  environment.emplace("JOB_NAMESPACE", kNamespace);
  config::SettingsReader reader(environment);
  JobSettings settings = Load(reader);
  RETURN_IF_ERROR(reader.Finish());
  return settings;
}

}  // namespace jobexec::cli
