// What is wrong or doubtful in a job/config.yaml. Pure: text in, findings out.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/config/image_allowlist.h"

namespace jobexec::cli {

enum class Severity { kError, kWarning };

struct Finding {
  scheduler::Position position;  // line 0: of the file as a whole
  Severity severity = Severity::kError;
  std::string rule;     // what is checked, e.g. "image"; "parser" for faults of the parser
  std::string message;  // what was found, what is allowed, what to do

  bool operator==(const Finding&) const = default;
};

struct LintOptions {
  scheduler::ImageAllowlist allowed_images;
  bool allow_privileged = false;
  bool parser_only = false;  // the parser's faults and nothing else
};

// The findings in the order of the file, of very many the first. Errors are what the parser
// refuses, and what keeps an event from matching or a Job from being created or started; warnings
// are what does probably something else than was meant. If the parser has faults, nothing is said
// of what seems to be missing.
std::vector<Finding> Lint(absl::string_view content, const LintOptions& options);

}  // namespace jobexec::cli
