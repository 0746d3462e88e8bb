#include "common/config/program.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

namespace jobexec::config {
namespace {

std::string SettingsText(const std::vector<SettingHelp>& settings) {
  std::string text = "\nSettings (environment variables):\n";
  for (const SettingHelp& setting : settings) {
    absl::StrAppend(&text, "  ", setting.name, " [", setting.default_text, "]\n      ",
                    setting.help, "\n");
  }
  return text;
}

}  // namespace

std::optional<int> ParseCommandLine(const Program& program, int argc, char** argv) {
  CLI::App app(program.description, program.name);
  app.set_version_flag("--version", program.name + " " + JOBEXEC_VERSION);
  app.footer(SettingsText(program.settings));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return std::nullopt;
}

}  // namespace jobexec::config
