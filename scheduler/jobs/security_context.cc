#include "scheduler/jobs/security_context.h"

#include <optional>

#include "common/json/json.h"

namespace jobexec::scheduler {
namespace {

using Json = nlohmann::json;

template <typename T>
void Replace(const char* name, const std::optional<T>& value, Json& context) {
  if (value.has_value()) context[name] = *value;
}

Json ToJson(const Capabilities& capabilities) {
  Json json = Json::object();
  if (!capabilities.add.empty()) json["add"] = capabilities.add;
  if (!capabilities.drop.empty()) json["drop"] = capabilities.drop;
  return json;
}

Json ToJson(const SeccompProfile& profile) {
  Json json = {{"type", profile.type}};
  if (profile.localhost_profile) json["localhostProfile"] = *profile.localhost_profile;
  return json;
}

}  // namespace

Json MergeSecurityContext(const Json& defaults, const SecurityContext& task) {
  Json context = defaults;
  if (task.capabilities) context["capabilities"] = ToJson(*task.capabilities);
  if (task.seccomp_profile) context["seccompProfile"] = ToJson(*task.seccomp_profile);
  Replace("privileged", task.privileged, context);
  Replace("runAsUser", task.run_as_user, context);
  Replace("runAsGroup", task.run_as_group, context);
  Replace("runAsNonRoot", task.run_as_non_root, context);
  Replace("readOnlyRootFilesystem", task.read_only_root_filesystem, context);
  Replace("allowPrivilegeEscalation", task.allow_privilege_escalation, context);
  Replace("procMount", task.proc_mount, context);
  return context;
}

bool IsPrivileged(const Json& context) { return json::GetBool(context, "privileged", false); }

}  // namespace jobexec::scheduler
