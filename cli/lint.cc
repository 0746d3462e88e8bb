#include "cli/lint.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/lint_checks.h"
#include "scheduler/config/config_parser.h"

namespace jobexec::cli {
namespace {

using scheduler::Action;
using scheduler::JobConfig;
using scheduler::ParsedConfig;

constexpr size_t kMaxFindings = 1000;

// A name that is empty, or that stands for something else already.
template <typename T>
void CheckName(const char* what, const T& named, const Path& path,
               std::map<std::string, int>& lines, Findings& findings) {
  if (named.name.empty()) {
    return findings.MissingWarning(
        path, "name",
        absl::StrCat(what, " has no name; add one: answers, labels and logs show it"));
  }
  const auto [first, is_new] = lines.emplace(named.name, named.position.line);
  if (is_new) return;
  findings.Warning(path / "name", "name",
                   absl::StrCat(what, " in line ", first->second, " has the name \"",
                                scheduler::Shown(named.name),
                                "\" too; take another one, or answers do not tell them apart"));
}

void CheckAction(const Action& action, const LintOptions& options, const Path& path,
                 Findings& findings) {
  CheckEvents(action, path, findings);
  if (action.tasks.empty()) {
    findings.MissingWarning(path, "tasks", "the action has no tasks and passes at once; add one");
  }
  std::map<std::string, int> names;
  for (size_t i = 0; i < action.tasks.size(); ++i) {
    const Path task = path / "tasks" / i;
    CheckName("the task", action.tasks[i], task, names, findings);
    CheckTask(action.tasks[i], options, task, findings);
  }
}

void CheckConfig(const JobConfig& config, const LintOptions& options, Findings& findings) {
  const Path actions = Path() / "actions";
  if (config.actions.empty()) {
    findings.MissingWarning(actions, "actions",
                            "the file has no actions, so nothing ever runs; add one");
  }
  std::map<std::string, int> names;
  for (size_t i = 0; i < config.actions.size(); ++i) {
    CheckName("the action", config.actions[i], actions / i, names, findings);
    CheckAction(config.actions[i], options, actions / i, findings);
  }
}

// A value that the parser refused stays at its default, of which nothing is to be said.
bool IsAboutARefusedValue(const Finding& finding, const ParsedConfig& parsed) {
  return finding.severity == Severity::kWarning &&
         std::any_of(parsed.faults.begin(), parsed.faults.end(),
                     [&](const auto& fault) { return fault.position == finding.position; });
}

bool IsBefore(const Finding& left, const Finding& right) { return left.position < right.position; }

}  // namespace

Findings::Findings(absl::string_view content, bool is_complete)
    : positions_(content), is_complete_(is_complete) {}

void Findings::Error(const Path& path, const char* rule, std::string message) {
  Add(path, Severity::kError, rule, std::move(message));
}

void Findings::Warning(const Path& path, const char* rule, std::string message) {
  Add(path, Severity::kWarning, rule, std::move(message));
}

void Findings::MissingError(const Path& path, const char* rule, std::string message) {
  if (is_complete_) Error(path, rule, std::move(message));
}

void Findings::MissingWarning(const Path& path, const char* rule, std::string message) {
  if (is_complete_) Warning(path, rule, std::move(message));
}

void Findings::Check(const Path& path, const char* rule, absl::string_view context,
                     const absl::Status& status) {
  if (!status.ok()) Error(path, rule, absl::StrCat(context, ": ", status.message()));
}

void Findings::Add(const Path& path, Severity severity, const char* rule, std::string message) {
  if (findings_.size() >= kMaxFindings) return;
  findings_.push_back({positions_.Of(path), severity, rule, std::move(message)});
}

std::vector<Finding> Lint(absl::string_view content, const LintOptions& options) {
  const ParsedConfig parsed = scheduler::ParseJobConfig("", content);
  std::vector<Finding> found;
  for (const scheduler::ConfigFault& fault : parsed.faults) {
    found.push_back({fault.position, Severity::kError, "parser", fault.message});
  }
  if (options.parser_only) return found;
  Findings findings(content, parsed.ok());
  // Without actions after faults the file is no config at all.
  if (parsed.ok() || !parsed.config.actions.empty()) CheckConfig(parsed.config, options, findings);
  for (Finding& finding : findings.Take()) {
    if (!IsAboutARefusedValue(finding, parsed)) found.push_back(std::move(finding));
  }
  std::stable_sort(found.begin(), found.end(), IsBefore);
  // Aliases lead more than once to the same place.
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace jobexec::cli
