#include "common/config/program.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace jobexec::config {
namespace {

constexpr char kHowToSet[] =
    "Each setting is a flag (--log-level=debug) or an environment variable (LOG_LEVEL=debug)";
constexpr char kHowToSetInFile[] =
    ",\nor a line LOG_LEVEL=debug of a settings file. A flag wins over a variable, a variable over "
    "the file";
constexpr size_t kColumns = 90;

bool Has(const std::vector<std::string>& words, const std::string& wanted) {
  return std::find(words.begin(), words.end(), wanted) != words.end();
}

bool ReadsFile(const std::vector<Setting>& settings) {
  return std::any_of(settings.begin(), settings.end(),
                     [](const Setting& setting) { return setting.name == kSettingsFile; });
}

// The text in indented lines.
std::string Wrapped(absl::string_view text) {
  constexpr absl::string_view kIndent = "      ";
  std::string lines;
  size_t column = kColumns;
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    if (column + 1 + word.size() > kColumns) {
      absl::StrAppend(&lines, lines.empty() ? "" : "\n", kIndent, word);
      column = kIndent.size() + word.size();
    } else {
      absl::StrAppend(&lines, " ", word);
      column += 1 + word.size();
    }
  }
  return absl::StrCat(lines, "\n");
}

std::string SettingText(const Setting& setting) {
  const std::string names =
      setting.is_secret ? setting.name : absl::StrCat(FlagName(setting.name), ", ", setting.name);
  const std::string shown = setting.default_text.empty() || setting.default_text == kRequired
                                ? setting.default_text
                                : absl::StrCat("[", setting.default_text, "]");
  const std::string allowed =
      setting.allowed.empty() ? "" : absl::StrCat(" (", setting.allowed, ")");
  return absl::StrCat("  ", names, shown.empty() ? "" : "  ", shown, "\n",
                      Wrapped(absl::StrCat(setting.help, allowed)));
}

// The groups in the order in which they are first asked for.
std::string SettingsText(const std::vector<Setting>& settings) {
  std::vector<std::string> groups;
  for (const Setting& setting : settings) {
    if (!Has(groups, setting.group)) groups.push_back(setting.group);
  }
  std::string text;
  for (const std::string& group : groups) {
    absl::StrAppend(&text, "\n", group.empty() ? "Settings" : group, ":\n");
    for (const Setting& setting : settings) {
      if (setting.group == group) absl::StrAppend(&text, SettingText(setting));
    }
  }
  return text;
}

std::string HelpText(const Program& program) {
  return absl::StrCat(program.description, "\n\nUsage: ", program.name,
                      " [--SETTING=VALUE...]\n\nExamples:\n", program.examples, "\n", kHowToSet,
                      ReadsFile(program.settings) ? kHowToSetInFile : "",
                      ".\nIn brackets: the default.\n", SettingsText(program.settings), "\nAnd:\n",
                      "  --help\n      Print this\n  --version\n      Print the version\n");
}

}  // namespace

std::optional<std::string> HelpOrVersion(const Program& program,
                                         const std::vector<std::string>& words) {
  if (Has(words, "--help") || Has(words, "-h")) return HelpText(program);
  if (Has(words, "--version")) return absl::StrCat(program.name, " ", JOBEXEC_VERSION, "\n");
  return std::nullopt;
}

Sources ReadSources(const std::vector<Setting>& settings, const std::vector<std::string>& words,
                    const Environment& environment) {
  Sources sources;
  AddFlags(words, settings, sources);
  AddEnvironment(environment, sources);
  if (ReadsFile(settings)) AddSettingsFile(settings, UnknownNames::kFault, sources);
  return sources;
}

}  // namespace jobexec::config
