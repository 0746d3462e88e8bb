// The securityContext of a task, by the rules of the installation and the API server.
#include "absl/strings/str_cat.h"
#include "cli/lint_checks.h"

namespace jobexec::cli {
namespace {

using scheduler::SecurityContext;
using scheduler::Shown;

constexpr char kSecurityRule[] = "security";
constexpr int64_t kMaxId = 2'147'483'647;

void CheckPrivileged(const SecurityContext& context, const LintOptions& options, const Path& path,
                     Findings& findings) {
  if (!context.privileged.value_or(false)) return;
  if (!options.allow_privileged) {
    findings.Error(path / "privileged", kSecurityRule,
                   "privileged containers are not allowed; remove it, or lint with "
                   "--allow-privileged-jobs if the installation allows them");
  } else if (!context.allow_privilege_escalation.value_or(false)) {
    findings.Error(path / "privileged", kSecurityRule,
                   "privileged needs allowPrivilegeEscalation: true beside it; it is false by "
                   "default, which Kubernetes refuses together");
  }
}

// The installation's default of runAsNonRoot is true, unless its operator changed it.
void CheckRoot(const SecurityContext& context, const Path& path, Findings& findings) {
  if (context.run_as_non_root == false) {
    findings.Warning(path / "runAsNonRoot", kSecurityRule,
                     "the container may run as root; remove runAsNonRoot: false if it need not");
  } else if (context.run_as_user == 0 && context.run_as_non_root == true) {
    findings.Error(path / "runAsUser", kSecurityRule,
                   "user 0 is root, but runAsNonRoot is true; change one of them");
  } else if (context.run_as_user == 0) {
    findings.Warning(path / "runAsUser", kSecurityRule,
                     "user 0 is root, but runAsNonRoot is true by default; add runAsNonRoot: "
                     "false, or take another user");
  }
}

void CheckId(const char* field, const std::optional<int64_t>& id, const Path& path,
             Findings& findings) {
  if (id.value_or(0) >= 0 && id.value_or(0) <= kMaxId) return;
  findings.Error(path / field, kSecurityRule,
                 absl::StrCat(field, " is ", *id, "; expected 0 to ", kMaxId));
}

void CheckCapabilities(const SecurityContext& context, const Path& path, Findings& findings) {
  if (!context.capabilities.has_value() || context.capabilities->add.empty() ||
      !context.capabilities->drop.empty()) {
    return;
  }
  findings.Warning(path / "capabilities", kSecurityRule,
                   "capabilities replaces the default drop: [ALL] too; add drop: [ALL] beside add");
}

void CheckProfile(const SecurityContext& context, const Path& path, Findings& findings) {
  if (!context.seccomp_profile.has_value()) return;
  const std::string& type = context.seccomp_profile->type;
  const bool has_file = context.seccomp_profile->localhost_profile.has_value();
  if (type != "RuntimeDefault" && type != "Localhost" && type != "Unconfined") {
    if (type.empty()) return;  // the parser says so
    findings.Error(path / "type", kSecurityRule,
                   absl::StrCat("the type is \"", Shown(type),
                                "\"; expected RuntimeDefault, Localhost or Unconfined"));
  } else if (has_file != (type == "Localhost")) {
    findings.Error(path, kSecurityRule,
                   has_file ? "localhostProfile goes with type: Localhost only; remove it"
                            : "type: Localhost needs a localhostProfile; add it");
  }
}

}  // namespace

void CheckSecurity(const scheduler::Task& task, const LintOptions& options, const Path& path,
                   Findings& findings) {
  const SecurityContext& context = task.security_context;
  const Path at = path / "securityContext";
  CheckPrivileged(context, options, at, findings);
  CheckRoot(context, at, findings);
  CheckId("runAsUser", context.run_as_user, at, findings);
  CheckId("runAsGroup", context.run_as_group, at, findings);
  CheckCapabilities(context, at, findings);
  CheckProfile(context, at / "seccompProfile", findings);
  if (context.proc_mount.has_value() && *context.proc_mount != "Default" &&
      *context.proc_mount != "Unmasked") {
    findings.Error(at / "procMount", kSecurityRule,
                   absl::StrCat("procMount is \"", Shown(*context.proc_mount),
                                "\"; expected Default or Unmasked"));
  }
}

}  // namespace jobexec::cli
