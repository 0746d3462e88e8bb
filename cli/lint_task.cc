// What a task runs and where.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/kubernetes_names.h"
#include "cli/lint_checks.h"
#include "common/resources/lookup.h"
#include "scheduler/config/labels.h"
#include "scheduler/jobs/job_builder.h"

namespace jobexec::cli {
namespace {

using scheduler::Shown;
using scheduler::Task;

void CheckImage(const Task& task, const LintOptions& options, const Path& path,
                Findings& findings) {
  if (task.image.empty()) {
    return findings.MissingError(path, "image",
                                 "the task has no image; add one, e.g. image: alpine:3.18");
  }
  if (!IsImageReference(task.image)) {
    findings.Error(path / "image", "image",
                   absl::StrCat("\"", Shown(task.image),
                                "\" is no image; expected [registry/]name[:tag][@digest] with a "
                                "name in lower case"));
  }
  if (!options.allowed_images.Allows(task.image)) {
    findings.Error(path / "image", "image",
                   absl::StrCat("\"", Shown(task.image),
                                "\" is not on the image allow-list; take an image that it names "
                                "exactly as written here, or have it extended"));
  }
}

void CheckPullPolicy(const Task& task, const Path& path, Findings& findings) {
  const std::string& policy = task.image_pull_policy;
  if (policy.empty() || policy == "Always" || policy == "IfNotPresent" || policy == "Never") return;
  findings.Error(path / "imagePullPolicy", "image",
                 absl::StrCat("imagePullPolicy is \"", Shown(policy),
                              "\"; expected Always, IfNotPresent or Never"));
}

void CheckCommand(const Task& task, const Path& path, Findings& findings) {
  if (task.cmd.size() == 1 && absl::StrContains(task.cmd[0], ' ')) {
    findings.Warning(path / "cmd" / 0, "cmd",
                     absl::StrCat("\"", Shown(task.cmd[0]),
                                  "\" is taken for the name of a program; write each word as an "
                                  "item of its own, or cmd: [sh, -c, \"...\"]"));
  }
  if (!task.working_dir.empty() && !absl::StartsWith(task.working_dir, "/")) {
    findings.Error(path / "workingDir", "cmd",
                   absl::StrCat("workingDir is \"", Shown(task.working_dir),
                                "\"; expected an absolute path, e.g. /keptn"));
  }
}

void CheckFiles(const Task& task, const Path& path, Findings& findings) {
  for (size_t i = 0; i < task.files.size(); ++i) {
    findings.Check(path / "files" / i, "files", "no file of the configuration store",
                   resources::CheckEntry(task.files[i]));
  }
}

// `text` is the name of something in Kubernetes.
void CheckReference(const std::string& text, const char* field, const Path& path,
                    Findings& findings) {
  if (IsDnsSubdomain(text)) return;
  findings.Error(path, "name",
                 absl::StrCat(field, " is \"", Shown(text),
                              "\"; expected lower-case letters, digits, '-' and '.', at most 253"));
}

void CheckReferences(const Task& task, const Path& path, Findings& findings) {
  if (!task.name_space.empty() && !IsDnsLabel(task.name_space)) {
    findings.Error(path / "namespace", "name",
                   absl::StrCat("namespace is \"", Shown(task.name_space),
                                "\"; expected lower-case letters, digits and '-', at most 63"));
  }
  if (const std::string account = task.service_account.value_or(""); !account.empty()) {
    CheckReference(account, "serviceAccount", path / "serviceAccount", findings);
  }
  if (!task.priority_class_name.empty()) {
    CheckReference(task.priority_class_name, "priorityClassName", path / "priorityClassName",
                   findings);
  }
  for (size_t i = 0; i < task.image_pull_secrets.size(); ++i) {
    CheckReference(task.image_pull_secrets[i], "imagePullSecrets", path / "imagePullSecrets" / i,
                   findings);
  }
}

void CheckMetadata(const Task& task, const Path& path, Findings& findings) {
  for (const auto& [key, unused] : task.annotations) {
    findings.Check(path / "annotations" / key, "metadata", "annotations",
                   scheduler::CheckMetadataKey(key));
  }
  for (const auto& [key, unused] : task.pod_annotations) {
    findings.Check(path / "podAnnotations" / key, "metadata", "podAnnotations",
                   scheduler::CheckMetadataKey(key));
  }
  for (const auto& [key, value] : task.pod_labels) {
    findings.Check(path / "podLabels" / key, "metadata", "podLabels",
                   scheduler::CheckLabels({{key, value}}));
  }
  for (const auto& [key, value] : task.node_selector) {
    findings.Check(path / "nodeSelector" / key, "metadata", "nodeSelector",
                   scheduler::CheckLabels({{key, value}}));
  }
  findings.Check(path / "queue", "metadata", "queue", scheduler::CheckLabelValue(task.queue));
}

void CheckTtl(const Task& task, const Path& path, Findings& findings) {
  if (!task.ttl_seconds_after_finished.has_value()) return;
  const int64_t ttl = scheduler::TtlSeconds(task);
  if (ttl == *task.ttl_seconds_after_finished) return;
  findings.Warning(
      path / "ttlSecondsAfterFinished", "ttl",
      absl::StrCat("ttlSecondsAfterFinished is raised from ", *task.ttl_seconds_after_finished,
                   " to ", ttl, " s, the least there is; write ", ttl, " or more"));
}

}  // namespace

void CheckTask(const Task& task, const LintOptions& options, const Path& path, Findings& findings) {
  CheckImage(task, options, path, findings);
  CheckPullPolicy(task, path, findings);
  CheckCommand(task, path, findings);
  CheckFiles(task, path, findings);
  CheckEnv(task, path, findings);
  CheckResources(task, path, findings);
  CheckSecurity(task, options, path, findings);
  CheckReferences(task, path, findings);
  CheckMetadata(task, path, findings);
  CheckTtl(task, path, findings);
}

}  // namespace jobexec::cli
