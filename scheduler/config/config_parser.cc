#include "scheduler/config/config_parser.h"

#include <limits>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/hash.h"
#include "scheduler/config/yaml_reader.h"

namespace jobexec::scheduler {

// The functions below are found by the templates of yaml_reader.h, which see no unnamed namespaces.

void ReadYaml(YamlReader& reader, const YamlNode& node, EventFilter& filter) {
  filter.position = node.position;
  const auto read_jsonpath = [&filter](YamlReader& inner, const YamlNode& value) {
    inner.Object(value, "a jsonpath",
                 {Field("property", filter.property), Field("match", filter.match)});
  };
  reader.Object(node, "an event",
                {Field("name", filter.type_pattern), {"jsonpath", read_jsonpath}});
}

void ReadYaml(YamlReader& reader, const YamlNode& node, EnvVariable& variable) {
  variable.position = node.position;
  reader.Object(node, "an env entry",
                {Field("name", variable.name), Field("value", variable.value),
                 Field("valueFrom", variable.value_from), Field("as", variable.as)});
}

namespace {

// Kubernetes knows these names and those with a domain ("nvidia.com/gpu").
bool IsResourceName(absl::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" ||
         absl::StartsWith(name, "hugepages-") || absl::StrContains(name, '/');
}

YamlField ResourceList(absl::string_view name, std::map<std::string, std::string>& target) {
  return {name, [&target](YamlReader& reader, const YamlNode& node) {
            ReadYaml(reader, node, target);
            if (node.kind != YamlNode::Kind::kMapping) return;
            for (const auto& [key, value] : reader.Entries(node)) {
              if (IsResourceName(key->text)) continue;
              reader.Fault(key->position,
                           absl::StrCat("unknown resource \"", Shown(key->text),
                                        "\"; allowed are cpu, memory, ephemeral-storage, "
                                        "hugepages-<size> and names with a domain, e.g. "
                                        "nvidia.com/gpu"));
            }
          }};
}

}  // namespace

void ReadYaml(YamlReader& reader, const YamlNode& node, Resources& resources) {
  reader.Object(
      node, "resources",
      {ResourceList("limits", resources.limits), ResourceList("requests", resources.requests)});
}

void ReadYaml(YamlReader& reader, const YamlNode& node, Capabilities& capabilities) {
  reader.Object(node, "capabilities",
                {Field("add", capabilities.add), Field("drop", capabilities.drop)});
}

void ReadYaml(YamlReader& reader, const YamlNode& node, SeccompProfile& profile) {
  reader.Object(
      node, "a seccompProfile",
      {Field("type", profile.type), Field("localhostProfile", profile.localhost_profile)});
  if (node.kind == YamlNode::Kind::kMapping && profile.type.empty()) {
    reader.Fault(node.position,
                 "seccompProfile has no type, expected RuntimeDefault, Localhost or Unconfined");
  }
}

void ReadYaml(YamlReader& reader, const YamlNode& node, SecurityContext& context) {
  reader.Object(
      node, "a securityContext",
      {Field("capabilities", context.capabilities), Field("privileged", context.privileged),
       Field("runAsUser", context.run_as_user), Field("runAsGroup", context.run_as_group),
       Field("runAsNonRoot", context.run_as_non_root),
       Field("readOnlyRootFilesystem", context.read_only_root_filesystem),
       Field("allowPrivilegeEscalation", context.allow_privilege_escalation),
       Field("procMount", context.proc_mount), Field("seccompProfile", context.seccomp_profile)});
}

void ReadYaml(YamlReader& reader, const YamlNode& node, OnError& on_error) {
  if (node.kind == YamlNode::Kind::kScalar && node.text == "fail") {
    on_error = OnError::kFail;
  } else if (node.kind == YamlNode::Kind::kScalar && node.text == "warn") {
    on_error = OnError::kWarn;
  } else {
    reader.WrongValue(node, "fail or warn");
  }
}

namespace {

struct Toleration {
  std::optional<std::string> key;
  std::optional<std::string> op;
  std::optional<std::string> value;
  std::optional<std::string> effect;
  std::optional<int64_t> seconds;
};

nlohmann::json ToJson(const Toleration& toleration) {
  nlohmann::json json = nlohmann::json::object();
  if (toleration.key) json["key"] = *toleration.key;
  if (toleration.op) json["operator"] = *toleration.op;
  if (toleration.value) json["value"] = *toleration.value;
  if (toleration.effect) json["effect"] = *toleration.effect;
  if (toleration.seconds) json["tolerationSeconds"] = *toleration.seconds;
  return json;
}

nlohmann::json ReadToleration(YamlReader& reader, const YamlNode& node) {
  Toleration toleration;
  reader.Object(node, "a toleration",
                {Field("key", toleration.key), Field("operator", toleration.op),
                 Field("value", toleration.value), Field("effect", toleration.effect),
                 Field("tolerationSeconds", toleration.seconds)});
  return ToJson(toleration);
}

YamlField Tolerations(nlohmann::json& target) {
  return {"tolerations", [&target](YamlReader& reader, const YamlNode& node) {
            if (!BeginList(reader, node)) return;
            target = nlohmann::json::array();
            for (const YamlNodePtr& item : node.items) {
              if (!reader.Visit(*item)) return;
              target.push_back(ReadToleration(reader, *item));
            }
          }};
}

// The part of the affinity that a field name stands for, each with what its terms are given as:
// Kubernetes drops unknown names silently, so that a Job would run anywhere.
struct AffinityPart {
  absl::string_view name;
  absl::string_view what;
  YamlNode::Kind required;
};
constexpr AffinityPart kAffinityParts[] = {
    {"nodeAffinity", "a nodeAffinity", YamlNode::Kind::kMapping},
    {"podAffinity", "a podAffinity", YamlNode::Kind::kSequence},
    {"podAntiAffinity", "a podAntiAffinity", YamlNode::Kind::kSequence},
};

// A mapping or list whose content the API server judges.
YamlField Terms(absl::string_view name, YamlNode::Kind kind, nlohmann::json& part) {
  return {name, [name, kind, &part](YamlReader& reader, const YamlNode& node) {
            if (node.kind == kind) return ReadYaml(reader, node, part[std::string(name)]);
            const bool is_list = kind == YamlNode::Kind::kSequence;
            reader.WrongValue(node, is_list ? "a list as Kubernetes takes it"
                                            : "a mapping as Kubernetes takes it");
          }};
}

YamlField ReadPart(const AffinityPart& part, nlohmann::json& affinity) {
  return {part.name, [&part, &affinity](YamlReader& reader, const YamlNode& node) {
            nlohmann::json& target = affinity[std::string(part.name)];
            target = nlohmann::json::object();
            reader.Object(
                node, part.what,
                {Terms("requiredDuringSchedulingIgnoredDuringExecution", part.required, target),
                 Terms("preferredDuringSchedulingIgnoredDuringExecution", YamlNode::Kind::kSequence,
                       target)});
          }};
}

YamlField Affinity(nlohmann::json& target) {
  return {"affinity", [&target](YamlReader& reader, const YamlNode& node) {
            target = nlohmann::json::object();
            std::vector<YamlField> fields;
            for (const AffinityPart& part : kAffinityParts)
              fields.push_back(ReadPart(part, target));
            reader.Object(node, "an affinity", fields);
          }};
}

YamlField AtLeast(int32_t minimum, absl::string_view name, std::optional<int32_t>& target) {
  return {name, [minimum, &target](YamlReader& reader, const YamlNode& node) {
            ReadYaml(reader, node, target);
            if (target.value_or(minimum) < minimum) {
              reader.WrongValue(node, absl::StrCat("an integer from ", minimum, " to ",
                                                   std::numeric_limits<int32_t>::max()));
            }
          }};
}

YamlField AbsolutePath(absl::string_view name, std::string& target) {
  return {name, [&target](YamlReader& reader, const YamlNode& node) {
            ReadYaml(reader, node, target);
            if (!target.empty() && !absl::StartsWith(target, "/")) {
              reader.WrongValue(node, "an absolute path, e.g. /keptn/result.json");
            }
          }};
}

}  // namespace

void ReadYaml(YamlReader& reader, const YamlNode& node, Task& task) {
  task.position = node.position;
  reader.Object(node, "a task",
                {Field("name", task.name),
                 Field("files", task.files),
                 Field("image", task.image),
                 Field("imagePullPolicy", task.image_pull_policy),
                 Field("cmd", task.cmd),
                 Field("args", task.args),
                 Field("env", task.env),
                 Field("resources", task.resources),
                 Field("workingDir", task.working_dir),
                 Field("maxPollDuration", task.max_poll_duration),
                 Field("namespace", task.name_space),
                 Field("ttlSecondsAfterFinished", task.ttl_seconds_after_finished),
                 Field("securityContext", task.security_context),
                 Field("serviceAccount", task.service_account),
                 Field("annotations", task.annotations),
                 Field("onError", task.on_error),
                 AbsolutePath("resultFile", task.result_file),
                 Field("volumeSize", task.volume_size),
                 Field("imagePullSecrets", task.image_pull_secrets),
                 Field("podAnnotations", task.pod_annotations),
                 Field("podLabels", task.pod_labels),
                 Field("nodeSelector", task.node_selector),
                 Tolerations(task.tolerations),
                 Affinity(task.affinity),
                 Field("priorityClassName", task.priority_class_name),
                 AtLeast(0, "retries", task.retries),
                 AtLeast(1, "parallelism", task.parallelism),
                 AtLeast(1, "completions", task.completions),
                 Field("queue", task.queue)});
}

void ReadYaml(YamlReader& reader, const YamlNode& node, Action& action) {
  action.position = node.position;
  reader.Object(node, "an action",
                {Field("name", action.name), Field("events", action.events),
                 Field("tasks", action.tasks), Field("silent", action.silent)});
}

namespace {

struct ApiVersion {
  std::string text;
  Position position{1, 1};  // of the file, as long as there is no such field
  bool is_readable = true;
};

YamlField ApiVersionField(ApiVersion& target) {
  return {"apiVersion", [&target](YamlReader& reader, const YamlNode& node) {
            target.position = node.position;
            target.is_readable = node.kind == YamlNode::Kind::kScalar;
            ReadYaml(reader, node, target.text);
          }};
}

void CheckApiVersion(YamlReader& reader, const ApiVersion& version) {
  if (version.text.empty()) {
    reader.Fault(version.position, "apiVersion must be specified, use v2");
  } else if (version.text != "v2") {
    reader.Fault(version.position,
                 absl::StrCat("apiVersion ", Shown(version.text), " is not supported, use v2"));
  }
}

std::vector<ConfigFault> ReadFile(const YamlNode& root, JobConfig& config) {
  YamlReader reader;
  ApiVersion version;
  version.is_readable = root.kind == YamlNode::Kind::kNull || root.kind == YamlNode::Kind::kMapping;
  reader.Object(root, "a mapping", {ApiVersionField(version), Field("actions", config.actions)});
  if (version.is_readable) CheckApiVersion(reader, version);
  return reader.TakeFaults();
}

std::vector<ConfigFault> ReadTask(const YamlNode& root, JobConfig& config) {
  YamlReader reader;
  reader.set_field("the task");
  ReadYaml(reader, root, config.actions.emplace_back().tasks.emplace_back());
  return reader.TakeFaults();
}

ParsedConfig Parse(absl::string_view file_name, absl::string_view content,
                   std::vector<ConfigFault> (*read)(const YamlNode&, JobConfig&)) {
  ParsedConfig parsed;
  parsed.file_name = std::string(file_name);
  parsed.config.hash = Sha3_224Hex(content);
  const auto tree = ParseYaml(content);
  if (const ConfigFault* fault = std::get_if<ConfigFault>(&tree); fault != nullptr) {
    parsed.faults = {*fault};
  } else {
    parsed.faults = read(*std::get<YamlNodePtr>(tree), parsed.config);
  }
  return parsed;
}

}  // namespace

ParsedConfig ParseJobConfig(absl::string_view file_name, absl::string_view content) {
  return Parse(file_name, content, ReadFile);
}

ParsedConfig ParseTask(absl::string_view file_name, absl::string_view content) {
  return Parse(file_name, content, ReadTask);
}

}  // namespace jobexec::scheduler
