#include "tests/support/keptn/faults.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/json/json.h"

namespace jobexec::test_keptn {
namespace {

constexpr std::pair<Fault::Effect, const char*> kEffects[] = {
    {Fault::Effect::kNone, "none"},
    {Fault::Effect::kStatus, "status"},
    {Fault::Effect::kCut, "cut"},
    {Fault::Effect::kLoseReply, "loseReply"}};

bool Fits(const Fault& fault, const http::Request& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  return (fault.method.empty() || fault.method == request.method) &&
         (fault.path.empty() || FitsPattern(fault.path, path)) &&
         absl::StrContains(request.body, fault.body);
}

}  // namespace

bool FitsPattern(absl::string_view pattern, absl::string_view text) {
  const size_t star = pattern.find('*');
  if (star == absl::string_view::npos) return pattern == text;
  if (!absl::ConsumePrefix(&text, pattern.substr(0, star))) return false;
  pattern.remove_prefix(star + 1);
  for (size_t skipped = 0; skipped <= text.size(); ++skipped) {
    if (FitsPattern(pattern, text.substr(skipped))) return true;
  }
  return false;
}

int Faults::Add(const Fault& fault) {
  absl::MutexLock lock(&mutex_);
  faults_[++last_id_] = fault;
  return last_id_;
}

void Faults::Remove(int id) {
  absl::MutexLock lock(&mutex_);
  faults_.erase(id);
}

void Faults::Clear() {
  absl::MutexLock lock(&mutex_);
  faults_.clear();
}

std::optional<Fault> Faults::Take(const http::Request& request) {
  absl::MutexLock lock(&mutex_);
  for (auto entry = faults_.begin(); entry != faults_.end(); ++entry) {
    if (!Fits(entry->second, request)) continue;
    const Fault fault = entry->second;
    if (fault.times > 0 && --entry->second.times == 0) faults_.erase(entry);
    return fault;
  }
  return std::nullopt;
}

std::vector<nlohmann::json> Faults::List() const {
  std::vector<nlohmann::json> list;
  absl::MutexLock lock(&mutex_);
  for (const auto& [id, fault] : faults_) {
    list.push_back(ToJson(fault));
    list.back()["id"] = id;
  }
  return list;
}

absl::StatusOr<Fault> FaultFromJson(const nlohmann::json& from) {
  Fault fault{.method = json::GetString(from, "method"),
              .path = json::GetString(from, "path"),
              .body = json::GetString(from, "body"),
              .status = static_cast<int>(json::GetInt(from, "status", 503)),
              .retry_after = json::GetString(from, "retryAfter"),
              .delay = absl::Milliseconds(json::GetInt(from, "delayMs", 0)),
              .times = static_cast<int>(json::GetInt(from, "times", 1))};
  const std::string effect = json::GetString(from, "effect");
  for (const auto& [value, name] : kEffects) {
    if (effect != name) continue;
    fault.effect = value;
    return fault;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("effect \"", effect, "\": expected none, status, cut or loseReply"));
}

nlohmann::json ToJson(const Fault& fault) {
  std::string effect;
  for (const auto& [value, name] : kEffects) {
    if (fault.effect == value) effect = name;
  }
  return {{"method", fault.method}, {"path", fault.path},
          {"body", fault.body},     {"effect", effect},
          {"status", fault.status}, {"retryAfter", fault.retry_after},
          {"times", fault.times},   {"delayMs", absl::ToInt64Milliseconds(fault.delay)}};
}

}  // namespace jobexec::test_keptn
