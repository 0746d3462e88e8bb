// The commands of jobexec.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/console.h"

namespace jobexec::cli {

Command LintCommand();
Command RenderCommand();
Command ExplainCommand();
Command CompletionCommand();

Program JobexecProgram();

// Runs the program with the words after its name; returns the exit code.
int RunProgram(const std::vector<std::string>& words, const Console& console);

// Options that several commands have.
Option FormatOption(const std::vector<std::string>& choices, const std::string& help);
Option ColourOption();

}  // namespace jobexec::cli
