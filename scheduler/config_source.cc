#include "scheduler/config_source.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/resources/lookup.h"
#include "common/telemetry/log.h"
#include "scheduler/config/config_parser.h"

namespace jobexec::scheduler {
namespace {

constexpr char kConfigPath[] = "job/config.yaml";
constexpr size_t kMaxEntries = 256;

}  // namespace

absl::StatusOr<ConfigSource::Config> ConfigSource::Locate(const resources::Scope& scope,
                                                          absl::string_view commit) {
  auto found = resources::ReadClosest(store_, scope, kConfigPath, commit);
  if (absl::IsNotFound(found.status())) {
    absl::Status missing = found.status();
    SetReason(missing, "CONFIG_NOT_FOUND");
    return missing;
  }
  RETURN_IF_ERROR(found.status());
  return ParseOnce(std::move(found->content));
}

absl::StatusOr<ConfigSource::Config> ConfigSource::Parse(absl::string_view content) {
  ParsedConfig parsed = ParseJobConfig(kConfigPath, content);
  RETURN_IF_ERROR(parsed.status());
  return std::make_shared<const CompiledConfig>(CompiledConfig(std::move(parsed.config)));
}

absl::StatusOr<ConfigSource::Config> ConfigSource::ParseOnce(std::string content) {
  absl::MutexLock lock(&mutex_);
  if (const auto known = index_.find(content); known != index_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front().config;
  }
  ++parsed_;
  auto config = Parse(content);
  if (config.ok()) {
    for (const std::string& warning : (*config)->warnings()) {
      log::Warning("job/config.yaml is doubtful", {{"warning", warning}});
      if (bad_expressions_ != nullptr) bad_expressions_->Increment();
    }
  }
  entries_.push_front({std::move(content), std::move(config)});
  index_[entries_.front().content] = entries_.begin();
  if (entries_.size() > kMaxEntries) {
    index_.erase(entries_.back().content);
    entries_.pop_back();
  }
  return entries_.front().config;
}

int64_t ConfigSource::parsed() const {
  absl::MutexLock lock(&mutex_);
  return parsed_;
}

}  // namespace jobexec::scheduler
