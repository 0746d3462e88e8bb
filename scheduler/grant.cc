#include "scheduler/grant.h"

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/hash.h"
#include "common/json/json.h"

namespace jobexec::scheduler {
namespace {

absl::Status NotAGrant() {
  return absl::UnauthenticatedError(
      "the grant is not valid: it was not made by this installation's schedulers, or their "
      "GRANT_KEY_FILE changed");
}

Grant FromJson(const nlohmann::json& payload) {
  Grant grant;
  grant.scope = {json::GetString(payload, "project"), json::GetString(payload, "stage"),
                 json::GetString(payload, "service")};
  grant.commit = json::GetString(payload, "commit");
  grant.job = json::GetString(payload, "job");
  grant.expiry = absl::FromUnixSeconds(json::GetInt(payload, "expiry", 0));
  const nlohmann::json* files = json::Find(payload, "files");
  if (files == nullptr) return grant;
  for (const auto& file : *files) {
    if (file.is_string()) grant.files.push_back(file.get<std::string>());
  }
  return grant;
}

}  // namespace

std::string GrantSigner::Sign(const Grant& grant) const {
  const nlohmann::json payload = {{"project", grant.scope.project},
                                  {"stage", grant.scope.stage},
                                  {"service", grant.scope.service},
                                  {"commit", grant.commit},
                                  {"files", grant.files},
                                  {"job", grant.job},
                                  {"expiry", absl::ToUnixSeconds(grant.expiry)}};
  const std::string text = json::Dump(payload);
  return absl::StrCat(absl::WebSafeBase64Escape(text), ".",
                      absl::WebSafeBase64Escape(HmacSha256(key_, text)));
}

absl::StatusOr<Grant> GrantSigner::Verify(absl::string_view text, absl::Time now) const {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  std::string payload;
  std::string signature;
  if (parts.size() != 2 || !absl::WebSafeBase64Unescape(parts[0], &payload) ||
      !absl::WebSafeBase64Unescape(parts[1], &signature) ||
      !ConstantTimeEquals(signature, HmacSha256(key_, payload))) {
    return NotAGrant();
  }
  const auto parsed = json::Parse(payload);
  if (!parsed.ok()) return NotAGrant();
  Grant grant = FromJson(*parsed);
  if (grant.expiry < now) {
    return absl::UnauthenticatedError(
        absl::StrCat("the grant of ", grant.job, " expired at ",
                     absl::FormatTime(absl::RFC3339_sec, grant.expiry, absl::UTCTimeZone()),
                     ": the Job started too late; raise GRANT_LIFETIME"));
  }
  return grant;
}

std::string WithoutGrant(const std::string& body) {
  auto job = json::Parse(body);
  if (!job.ok()) return body;
  nlohmann::json& pod = (*job)["spec"]["template"]["spec"];
  if (!pod.contains("initContainers")) return body;
  for (auto& container : pod["initContainers"]) {
    for (auto& variable : container["env"]) {
      if (json::GetString(variable, "name") == "JOBEXEC_GRANT") variable["value"] = "<redacted>";
    }
  }
  return json::Dump(*job);
}

}  // namespace jobexec::scheduler
