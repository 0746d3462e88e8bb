#include "cli/console.h"

#include "absl/strings/str_cat.h"

namespace jobexec::cli {
namespace {

std::string Variable(const Console& console, const char* name) {
  const auto found = console.environment.find(name);
  return found == console.environment.end() ? "" : found->second;
}

}  // namespace

Colours::Colours(absl::string_view mode, const Console& console)
    : on_(mode == "always" ||
          (mode == "auto" && console.is_terminal && Variable(console, "NO_COLOR").empty() &&
           Variable(console, "TERM") != "dumb")) {}

std::string Colours::Paint(absl::string_view code, absl::string_view text) const {
  if (!on_) return std::string(text);
  return absl::StrCat("\033[", code, "m", text, "\033[0m");
}

}  // namespace jobexec::cli
