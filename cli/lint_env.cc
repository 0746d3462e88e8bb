// The variables of a task.
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/kubernetes_names.h"
#include "cli/lint_checks.h"
#include "common/json/jsonpath.h"
#include "scheduler/jobs/env_builder.h"

namespace jobexec::cli {
namespace {

using scheduler::EnvVariable;
using scheduler::Shown;

constexpr char kEnvRule[] = "env";

void CheckAs(const EnvVariable& variable, const Path& path, Findings& findings) {
  if (variable.as.empty()) return;
  if (variable.value_from == "string" || variable.value_from == "secret") {
    findings.Warning(
        path / "as", kEnvRule,
        absl::StrCat("as is ignored with valueFrom: ", Shown(variable.value_from), "; remove it"));
  } else if (variable.value_from == "event" && !absl::EqualsIgnoreCase(variable.as, "json") &&
             !absl::EqualsIgnoreCase(variable.as, "yaml")) {
    findings.Warning(
        path / "as", kEnvRule,
        absl::StrCat("as: ", Shown(variable.as), " is ignored; expected json or yaml, or nothing"));
  }
}

void CheckSecret(const EnvVariable& variable, const Path& path, Findings& findings) {
  if (!IsDnsSubdomain(variable.name)) {
    findings.Error(path / "name", kEnvRule,
                   absl::StrCat("\"", Shown(variable.name),
                                "\" is no name of a Secret; expected lower-case letters, digits, "
                                "'-' and '.', at most 253"));
  }
  if (!variable.value.empty()) {
    findings.Warning(path / "value", kEnvRule,
                     "value is ignored with valueFrom: secret, all keys of the Secret become "
                     "variables; remove it");
  }
}

void CheckEventValue(const EnvVariable& variable, const Path& path, Findings& findings) {
  if (variable.value.empty()) {
    return findings.MissingError(
        path, kEnvRule, "the variable has no value; expected a JSONPath, e.g. $.data.result");
  }
  const auto query = json::JsonPath::Compile(absl::StripAsciiWhitespace(variable.value));
  if (query.ok()) return;
  findings.Error(path / "value", kEnvRule,
                 absl::StrCat("the value \"", Shown(variable.value),
                              "\" is no JSONPath: ", query.status().message(),
                              "; expected RFC 9535 over the whole event, e.g. $.data.result"));
}

void CheckLiteral(const EnvVariable& variable, const Path& path, Findings& findings) {
  const size_t bytes = variable.name.size() + variable.value.size() + 2;
  if (bytes > scheduler::kMaxVariableBytes) {
    findings.Error(
        path / "value", kEnvRule,
        absl::StrCat("the variable has ", bytes, " bytes with its name, the limit of Linux is ",
                     scheduler::kMaxVariableBytes, "; pass it as a file"));
  }
  if (absl::StrContains(variable.value, '\0')) {
    findings.Error(path / "value", kEnvRule, "the value has a zero byte; remove it");
  }
}

// Built-in variables come last and win.
void CheckBuiltIn(const EnvVariable& variable, const Path& path, Findings& findings) {
  const std::string& name = variable.name;
  if (name == "KEPTN_PROJECT" || name == "KEPTN_STAGE" || name == "KEPTN_SERVICE") {
    findings.Warning(path / "name", "built-in-env",
                     absl::StrCat(name, " is set by jobexec, which wins; take another name"));
  } else if (absl::StartsWith(name, "LABELS_")) {
    findings.Warning(path / "name", "built-in-env",
                     absl::StrCat(Shown(name),
                                  " loses against a label of the event with that name; take a name "
                                  "that does not begin with LABELS_"));
  }
}

void CheckVariableName(const EnvVariable& variable, const Path& path,
                       std::map<std::string, int>& lines, Findings& findings) {
  if (!IsVariableName(variable.name)) {
    return findings.Error(path / "name", kEnvRule,
                          absl::StrCat("\"", Shown(variable.name),
                                       "\" is no name of a variable; expected letters, digits, "
                                       "'_', '-' and '.', not a digit first"));
  }
  CheckBuiltIn(variable, path, findings);
  const auto [first, is_new] = lines.emplace(variable.name, variable.position.line);
  if (is_new) return;
  findings.Warning(path / "name", kEnvRule,
                   absl::StrCat(Shown(variable.name), " is set in line ", first->second,
                                " too; the last one wins, remove the others"));
}

void CheckSource(const EnvVariable& variable, const Path& path, Findings& findings) {
  if (variable.value_from == "event") {
    CheckEventValue(variable, path, findings);
  } else if (variable.value_from == "string") {
    CheckLiteral(variable, path, findings);
  } else if (variable.value_from.empty()) {
    findings.MissingError(path, kEnvRule,
                          "the variable has no valueFrom; expected event, secret or string");
  } else if (variable.value_from != "secret") {
    findings.Error(path / "valueFrom", kEnvRule,
                   absl::StrCat("valueFrom is \"", Shown(variable.value_from),
                                "\"; expected event, secret or string"));
  }
}

}  // namespace

void CheckEnv(const scheduler::Task& task, const Path& path, Findings& findings) {
  std::map<std::string, int> lines;
  for (size_t i = 0; i < task.env.size(); ++i) {
    const EnvVariable& variable = task.env[i];
    const Path entry = path / "env" / i;
    if (variable.name.empty()) {
      findings.MissingError(entry, kEnvRule, "the variable has no name; add one");
    } else if (variable.value_from == "secret") {
      CheckSecret(variable, entry, findings);
    } else {
      CheckVariableName(variable, entry, lines, findings);
    }
    CheckSource(variable, entry, findings);
    CheckAs(variable, entry, findings);
  }
}

}  // namespace jobexec::cli
