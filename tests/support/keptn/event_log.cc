#include "tests/support/keptn/event_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/json/json.h"
#include "tests/support/keptn/ids.h"

namespace jobexec::test_keptn {
namespace {

bool HasValues(const nlohmann::json& entry, const nlohmann::json& values) {
  for (const auto& [key, value] : values.items()) {
    const nlohmann::json* found = json::Find(entry, key);
    if (found == nullptr || *found != value) return false;
  }
  return true;
}

}  // namespace

absl::Status EventLog::WriteTo(const std::string& file) {
  absl::MutexLock lock(&mutex_);
  file_.open(file, std::ios::app);
  if (file_.is_open()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write the log to ", file));
}

void EventLog::Add(absl::string_view kind, nlohmann::json fields) {
  fields["kind"] = std::string(kind);
  fields["at"] = FormatTimestamp(clock_.TimeNow());
  absl::MutexLock lock(&mutex_);
  fields["n"] = entries_.size() + 1;
  if (file_.is_open()) file_ << json::Dump(fields) << std::endl;
  entries_.push_back(std::move(fields));
}

std::vector<nlohmann::json> EventLog::Entries(absl::string_view kind, size_t after) const {
  std::vector<nlohmann::json> found;
  absl::MutexLock lock(&mutex_);
  for (size_t i = after; i < entries_.size(); ++i) {
    if (kind.empty() || json::GetString(entries_[i], "kind") == kind) found.push_back(entries_[i]);
  }
  return found;
}

int EventLog::Count(absl::string_view kind, const nlohmann::json& values) const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(
      std::count_if(entries_.begin(), entries_.end(), [&](const nlohmann::json& entry) {
        return json::GetString(entry, "kind") == kind && HasValues(entry, values);
      }));
}

}  // namespace jobexec::test_keptn
