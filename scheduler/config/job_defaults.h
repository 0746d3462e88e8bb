// What an installation lays down for all its Jobs: defaults, limits and permissions.
//
// Pure: the functions take the texts of settings and files, reading them is the caller's part.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduler/config/image_allowlist.h"
#include "scheduler/config/job_config.h"

namespace jobexec::scheduler {

// The container context of the original's chart, but for "ALL": not root, nothing privileged,
// read-only root file system, no capabilities.
nlohmann::json DefaultContainerSecurityContext();

// The pod context of the original's chart: user 1000, group 2000, not root.
nlohmann::json DefaultPodSecurityContext();

// Plain data. Set up once at start, then shared by all threads without a lock.
struct JobDefaults {
  std::string job_namespace;    // for tasks that name none
  std::string deployment_name;  // value of app.kubernetes.io/managed-by
  std::string init_image;       // image of the init container
  std::string service_account;  // "" = the namespace's own default
  Resources resources;          // of init containers, and of tasks without resources of their own

  ImageAllowlist allowed_images;
  bool allow_privileged = false;

  int64_t task_deadline_seconds = 0;  // upper limit of every Job; <= 0: none
  int64_t max_poll_duration_seconds =
      300;  // of tasks that say nothing, not of silent actions; <= 0: none

  nlohmann::json container_security_context = DefaultContainerSecurityContext();
  nlohmann::json pod_security_context = DefaultPodSecurityContext();

  std::map<std::string, std::string> user_labels;  // on every Job and pod
};

// The default resources, canonical; "" omits a value.
// INVALID_ARGUMENT names the value that is no Kubernetes quantity.
absl::StatusOr<Resources> ParseDefaultResources(absl::string_view limits_cpu,
                                                absl::string_view limits_memory,
                                                absl::string_view requests_cpu,
                                                absl::string_view requests_memory);

// A container or pod SecurityContext in JSON. Field names are compared without case and written as
// Kubernetes spells them, unknown fields are dropped, null is absent (a file of "null" is empty).
// INVALID_ARGUMENT for anything but an object, and names the field that has the wrong type.
absl::StatusOr<nlohmann::json> ParseContainerSecurityContext(absl::string_view text);
absl::StatusOr<nlohmann::json> ParsePodSecurityContext(absl::string_view text);

// The user's labels: a YAML map of texts, which may be empty.
// INVALID_ARGUMENT names the label that Kubernetes would refuse or that belongs to jobexec.
absl::StatusOr<std::map<std::string, std::string>> ParseUserLabels(absl::string_view yaml);

// Settings that contradict one another: INVALID_ARGUMENT if the default context is privileged but
// privileged Jobs are not allowed.
absl::Status CheckJobDefaults(const JobDefaults& defaults);

// Defaults that are legal but doubtful, one sentence each, for the log at start.
std::vector<std::string> JobDefaultsWarnings(const JobDefaults& defaults);

}  // namespace jobexec::scheduler
