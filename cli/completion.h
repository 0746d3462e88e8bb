// Shell completion. The scripts only carry words to "jobexec __complete" and candidates back, so
// that what can be completed is decided here, once for all shells.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/arguments.h"

namespace jobexec::cli {

// The hidden command that the scripts call, followed by the words after the program's name up to
// the cursor.
inline constexpr char kCompleteCommand[] = "__complete";

// Stands for the names of files, which the shell knows best.
inline constexpr char kFilesCandidate[] = ":files";

// What can stand in place of the last of `words` (which may be empty): "<word>" or
// "<word>\t<what it is>" each. bash gives "--format=x" as the three words "--format", "=" and "x".
std::vector<std::string> Complete(const Program& program, std::vector<std::string> words);

// The script for bash, zsh or fish; empty for any other shell.
std::string CompletionScript(absl::string_view shell);

}  // namespace jobexec::cli
