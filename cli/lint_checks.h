// The parts of Lint.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cli/lint.h"
#include "cli/source_positions.h"
#include "scheduler/config/job_config.h"

namespace jobexec::cli {

// Collects findings and looks up where they are.
class Findings {
 public:
  // `is_complete`: the parser read everything, so what is not there is missing.
  Findings(absl::string_view content, bool is_complete);

  void Error(const Path& path, const char* rule, std::string message);
  void Warning(const Path& path, const char* rule, std::string message);

  // About a value that is not there.
  void MissingError(const Path& path, const char* rule, std::string message);
  void MissingWarning(const Path& path, const char* rule, std::string message);

  // An error with the status' message, and ": " and `context` before it, unless it is OK.
  void Check(const Path& path, const char* rule, absl::string_view context,
             const absl::Status& status);

  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  void Add(const Path& path, Severity severity, const char* rule, std::string message);

  const SourcePositions positions_;
  const bool is_complete_;
  std::vector<Finding> findings_;
};

// `path` leads to what is checked.
void CheckEvents(const scheduler::Action& action, const Path& path, Findings& findings);
void CheckTask(const scheduler::Task& task, const LintOptions& options, const Path& path,
               Findings& findings);
void CheckEnv(const scheduler::Task& task, const Path& path, Findings& findings);
void CheckSecurity(const scheduler::Task& task, const LintOptions& options, const Path& path,
                   Findings& findings);
void CheckResources(const scheduler::Task& task, const Path& path, Findings& findings);

}  // namespace jobexec::cli
