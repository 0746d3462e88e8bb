// Findings of several files as text or JSON.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/lint.h"

namespace jobexec::cli {

struct LintedFile {
  std::string name;
  std::vector<Finding> findings;
};

bool HasErrors(const LintedFile& file);

// "<file>:<line>:<column>: <severity>: <message> [<rule>]" per finding and a last line per file.
std::string LintText(const LintedFile& file, const Colours& colours);

// {"files": [{"file", "valid", "findings": [{"line", "column", "severity", "rule", "message"}]}],
//  "errors": n, "warnings": n} and a line break. Line 0: of the file as a whole.
std::string LintJson(const std::vector<LintedFile>& files);

}  // namespace jobexec::cli
