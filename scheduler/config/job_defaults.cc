#include "scheduler/config/job_defaults.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/config/context_shape.h"
#include "scheduler/config/labels.h"
#include "scheduler/config/quantity.h"
#include "scheduler/config/yaml_reader.h"

namespace jobexec::scheduler {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = 64 * 1024;

absl::Status AddQuantity(const char* where, const char* name, absl::string_view text,
                         std::map<std::string, std::string>& quantities) {
  if (text.empty()) return absl::OkStatus();
  auto quantity = CanonicalQuantity(text);
  if (!quantity.ok())
    return Annotate(quantity.status(), absl::StrCat("default ", where, " of ", name));
  quantities[name] = *std::move(quantity);
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> ReadLabels(const YamlNode& root) {
  std::map<std::string, std::string> labels;
  YamlReader reader;
  reader.set_field("labels");
  ReadYaml(reader, root, labels);
  RETURN_IF_ERROR(FaultsStatus("labels", reader.TakeFaults()));
  return labels;
}

}  // namespace

Json DefaultContainerSecurityContext() {
  return {{"allowPrivilegeEscalation", false},
          {"capabilities", {{"drop", {"ALL"}}}},
          {"privileged", false},
          {"readOnlyRootFilesystem", true},
          {"runAsGroup", 2000},
          {"runAsNonRoot", true},
          {"runAsUser", 1000},
          {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

Json DefaultPodSecurityContext() {
  return {{"fsGroup", 2000},
          {"runAsGroup", 2000},
          {"runAsNonRoot", true},
          {"runAsUser", 1000},
          {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

absl::StatusOr<Resources> ParseDefaultResources(absl::string_view limits_cpu,
                                                absl::string_view limits_memory,
                                                absl::string_view requests_cpu,
                                                absl::string_view requests_memory) {
  Resources resources;
  RETURN_IF_ERROR(AddQuantity("limit", "cpu", limits_cpu, resources.limits));
  RETURN_IF_ERROR(AddQuantity("limit", "memory", limits_memory, resources.limits));
  RETURN_IF_ERROR(AddQuantity("request", "cpu", requests_cpu, resources.requests));
  RETURN_IF_ERROR(AddQuantity("request", "memory", requests_memory, resources.requests));
  return resources;
}

absl::StatusOr<Json> ParseContainerSecurityContext(absl::string_view text) {
  ASSIGN_OR_RETURN(const Json value, json::Parse(text, {.max_bytes = kMaxFileBytes}));
  return ReadContainerContext(value);
}

absl::StatusOr<Json> ParsePodSecurityContext(absl::string_view text) {
  ASSIGN_OR_RETURN(const Json value, json::Parse(text, {.max_bytes = kMaxFileBytes}));
  return ReadPodContext(value);
}

absl::StatusOr<std::map<std::string, std::string>> ParseUserLabels(absl::string_view yaml) {
  const auto tree = ParseYaml(yaml, kMaxFileBytes);
  if (const ConfigFault* fault = std::get_if<ConfigFault>(&tree); fault != nullptr) {
    return FaultsStatus("labels", {*fault});
  }
  ASSIGN_OR_RETURN(auto labels, ReadLabels(*std::get<YamlNodePtr>(tree)));
  RETURN_IF_ERROR(CheckLabels(labels));
  return labels;
}

absl::Status CheckJobDefaults(const JobDefaults& defaults) {
  if (json::GetBool(defaults.container_security_context, "privileged", false) &&
      !defaults.allow_privileged) {
    return absl::InvalidArgumentError(
        "the default security context is privileged, but privileged Jobs are not allowed: set "
        "ALLOW_PRIVILEGED_JOBS or change job-defaultSecurityContext.json");
  }
  return absl::OkStatus();
}

std::vector<std::string> JobDefaultsWarnings(const JobDefaults& defaults) {
  std::vector<std::string> warnings;
  if (json::GetBool(defaults.container_security_context, "privileged", false)) {
    warnings.push_back("Jobs are privileged by default");
  }
  if (!json::GetBool(defaults.container_security_context, "runAsNonRoot", true)) {
    warnings.push_back("containers may run as root by default (runAsNonRoot is false)");
  }
  if (!json::GetBool(defaults.pod_security_context, "runAsNonRoot", true)) {
    warnings.push_back("pods may run as root by default (runAsNonRoot is false)");
  }
  return warnings;
}

}  // namespace jobexec::scheduler
