#include "common/service/settings_log.h"

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/telemetry/log_record.h"

namespace jobexec::service {
namespace {

constexpr size_t kMaxValueBytes = 1024;

std::string Cut(const std::string& value) {
  if (value.size() <= kMaxValueBytes) return value;
  return absl::StrCat(value.substr(0, kMaxValueBytes), "... (", value.size(), " bytes)");
}

}  // namespace

nlohmann::ordered_json SettingsRecord(const std::vector<config::Setting>& settings) {
  nlohmann::ordered_json record = nlohmann::ordered_json::object();
  for (const config::Setting& setting : settings) {
    record[setting.name] = {{"value", Cut(setting.value)}, {"origin", setting.origin}};
  }
  return record;
}

void LogSettings(const std::vector<config::Setting>& settings) {
  log::WriteRecord(log::Level::kInfo, "settings", "settings", SettingsRecord(settings));
}

}  // namespace jobexec::service
