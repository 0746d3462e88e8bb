#include "cli/settings_options.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
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
  reader.Text(config::kSettingsFile, "", "File with settings, as the scheduler takes it");
  return {.planner = scheduler::LoadPlannerSettings(reader, kFetchAddress),
          .default_scope = scheduler::LoadDefaultScope(reader)};
}

bool HasEffect(const config::Setting& setting) {
  for (const char* name : kWithoutEffect) {
    if (setting.name == name) return false;
  }
  return true;
}

Option ToOption(const config::Setting& setting) {
  const std::string shown =
      setting.default_text.empty() ? "" : absl::StrCat(" [", setting.default_text, "]");
  return {.name = config::FlagName(setting.name),
          .help = absl::StrCat(setting.help, shown),
          .kind = setting.name == config::kSettingsFile ? ValueKind::kFile : ValueKind::kText,
          .is_switch = setting.is_switch,
          .variable = setting.name};
}

}  // namespace

std::vector<Option> JobSettingOptions() {
  std::vector<Option> options;
  for (config::Setting setting : config::SettingsOf(Load)) {
    if (!HasEffect(setting)) continue;
    if (setting.name == "JOB_NAMESPACE") setting.default_text = kNamespace;
    options.push_back(ToOption(setting));
    if (setting.name == "ALLOWED_IMAGE_LIST") options.back().alias = "--image-allow-list";
  }
  return options;
}

config::Sources SettingSources(const Arguments& arguments, const Console& console) {
  config::Sources sources;
  for (const auto& [name, value] : arguments.variables) {
    const std::string origin = absl::StrCat("flag ", config::FlagName(name));
    sources.assignments.insert({name, {value, origin}});
  }
  config::AddEnvironment(console.environment, sources);
  config::AddSettingsFile(config::SettingsOf(Load), config::UnknownNames::kIgnore, sources);
  return sources;
}

absl::StatusOr<JobSettings> LoadJobSettings(config::Sources sources) {
  sources.assignments.insert({"JOB_NAMESPACE", {kNamespace, "default"}});
  config::SettingsReader reader(std::move(sources));
  JobSettings settings = Load(reader);
  RETURN_IF_ERROR(reader.Finish());
  return settings;
}

}  // namespace jobexec::cli
