#include "common/keptn/error_log.h"

#include <nlohmann/json.hpp>

#include "common/json/json.h"

namespace jobexec::keptn {
namespace {

constexpr size_t kMaxEntryBytes = 64 * 1024;

// Cut between characters: a byte 10xxxxxx goes on with the one before.
std::string Cut(std::string text) {
  if (text.size() <= kMaxEntryBytes) return text;
  size_t end = kMaxEntryBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

nlohmann::json ToJson(const LogEntry& entry) {
  nlohmann::json object = {{"integrationid", entry.integration_id}, {"message", Cut(entry.message)},
                           {"shkeptncontext", entry.keptn_context}, {"task", entry.task},
                           {"triggeredid", entry.triggered_id},     {"gitcommitid", entry.commit}};
  if (entry.time != absl::InfinitePast()) {
    object["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", entry.time, absl::UTCTimeZone());
  }
  return object;
}

}  // namespace

absl::Status PostLog(Api& api, const std::vector<LogEntry>& entries) {
  if (entries.empty()) return absl::OkStatus();
  nlohmann::json logs = nlohmann::json::array();
  for (const LogEntry& entry : entries) logs.push_back(ToJson(entry));
  return api
      .Send({.method = "POST", .path = "/v1/log", .body = json::Dump({{"logs", std::move(logs)}})})
      .status();
}

}  // namespace jobexec::keptn
