// A parsed job/config.yaml (apiVersion v2), as plain data. docs/job-config.md explains every field.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace jobexec::scheduler {

// Place in the file, both from 1; the column counts characters.
struct Position {
  int line = 0;
  int column = 0;

  auto operator<=>(const Position&) const = default;
};

// Selects events by type and, optionally, by one value of the event.
struct EventFilter {
  std::string type_pattern;  // RE2, searched anywhere in the type; "" matches every type
  std::string property;      // JSONPath over the whole event; "" = no filter
  std::string match;         // text that a selected value must have
  Position position;
};

struct EnvVariable {
  std::string name;
  std::string value;
  std::string value_from;  // "event", "secret" or "string"; anything else is refused at planning
  std::string as;          // "json" or "yaml" in any case; other texts mean none
  Position position;
};

// Kubernetes quantities by resource name, as written.
struct Resources {
  std::map<std::string, std::string> limits;
  std::map<std::string, std::string> requests;
};

struct Capabilities {
  std::vector<std::string> add;
  std::vector<std::string> drop;
};

struct SeccompProfile {
  std::string type;
  std::optional<std::string> localhost_profile;
};

// Fields that are absent keep the installation's default.
struct SecurityContext {
  std::optional<Capabilities> capabilities;
  std::optional<bool> privileged;
  std::optional<int64_t> run_as_user;
  std::optional<int64_t> run_as_group;
  std::optional<bool> run_as_non_root;
  std::optional<bool> read_only_root_filesystem;
  std::optional<bool> allow_privilege_escalation;
  std::optional<std::string> proc_mount;
  std::optional<SeccompProfile> seccomp_profile;
};

enum class OnError { kFail, kWarn };

// One Job.
struct Task {
  std::string name;
  std::vector<std::string> files;
  std::string image;
  std::string image_pull_policy;
  std::vector<std::string> cmd;
  std::vector<std::string> args;
  std::vector<EnvVariable> env;
  std::optional<Resources> resources;  // present (even empty): replaces the defaults as a whole
  std::string working_dir;
  std::optional<int64_t> max_poll_duration;  // seconds; <= 0: no limit of its own
  std::string name_space;                    // "" = the installation's job namespace
  std::optional<int32_t> ttl_seconds_after_finished;
  SecurityContext security_context;
  std::optional<std::string> service_account;  // present and "": the namespace's own default
  std::map<std::string, std::string> annotations;

  OnError on_error = OnError::kFail;
  std::string result_file;
  std::string volume_size;  // quantity of the volume at /keptn; "" = default
  std::vector<std::string> image_pull_secrets;
  std::map<std::string, std::string> pod_annotations;
  std::map<std::string, std::string> pod_labels;
  std::map<std::string, std::string> node_selector;
  nlohmann::json tolerations;  // list, as Kubernetes takes it; null when absent
  nlohmann::json affinity;     // object, as Kubernetes takes it; null when absent
  std::string priority_class_name;
  std::optional<int32_t> retries;  // backoffLimit
  std::optional<int32_t> parallelism;
  std::optional<int32_t> completions;
  std::string queue;

  Position position;
};

struct Action {
  std::string name;
  std::vector<EventFilter> events;
  std::vector<Task> tasks;
  bool silent = false;
  Position position;
};

struct JobConfig {
  std::vector<Action> actions;
  std::string hash;  // SHA3-224 of the file's bytes, 56 hex digits
};

}  // namespace jobexec::scheduler
