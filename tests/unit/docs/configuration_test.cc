// docs/configuration.md against the code that reads the settings, in both directions.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/config/settings_file.h"
#include "tests/unit/docs/documents.h"
#include "tests/unit/docs/programs.h"

namespace jobexec::testing {
namespace {

using ::jobexec::config::Setting;

constexpr char kDocument[] = "docs/configuration.md";

// The cells of a table's line, without blanks around them.
std::vector<std::string> CellsOf(absl::string_view line) {
  std::vector<std::string> cells;
  absl::ConsumePrefix(&line, "|");
  absl::ConsumeSuffix(&line, "|");
  for (absl::string_view cell : absl::StrSplit(line, '|')) {
    cells.emplace_back(absl::StripAsciiWhitespace(cell));
  }
  return cells;
}

// The rows of every table with this header.
std::vector<std::vector<std::string>> RowsBelow(absl::string_view header) {
  std::vector<std::vector<std::string>> rows;
  bool is_inside = false;
  for (absl::string_view line : absl::StrSplit(SourceFile(kDocument), '\n')) {
    if (line == header) {
      is_inside = true;
    } else if (!absl::StartsWith(line, "|")) {
      is_inside = false;
    } else if (is_inside && !absl::StartsWith(line, "|--")) {
      rows.push_back(CellsOf(line));
    }
  }
  return rows;
}

std::string Hostname() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

// How the document writes a default.
std::string DefaultCell(const std::string& text) {
  if (text.empty()) return "";
  if (text == "(required)") return "**required**";
  // A default may follow from the machine.
  std::string named = text;
  if (text == Hostname() || absl::StartsWith(text, Hostname() + ":")) {
    named = absl::StrCat("HOSTNAME", text.substr(Hostname().size()));
  }
  return absl::StrCat("`", named, "`");
}

std::string AllowedCell(const Setting& setting) {
  return setting.allowed.empty() ? "text" : setting.allowed;
}

// The beginning of a cell: the document may go on.
std::string HelpCell(const Setting& setting) {
  return absl::StrReplaceAll(setting.help, {{"|", "\\|"}, {"*", "\\*"}, {"<", "\\<"}});
}

std::string RowOf(const Setting& setting, absl::string_view program) {
  return absl::StrCat("| `", setting.name, "` | ", DefaultCell(setting.default_text), " | ",
                      AllowedCell(setting), " | ", HelpCell(setting), " | ", program, " |");
}

bool Describes(const std::vector<std::string>& row, const Setting& setting) {
  return row[1] == DefaultCell(setting.default_text) && row[2] == AllowedCell(setting) &&
         absl::StartsWith(row[3], HelpCell(setting));
}

using Key = std::pair<std::string, std::string>;  // setting, program

std::map<Key, std::vector<std::string>> DocumentedSettings() {
  std::map<Key, std::vector<std::string>> documented;
  for (const auto& row : RowsBelow("| setting | default | values | meaning | programs |")) {
    if (row.size() != 5) {
      ADD_FAILURE() << kDocument << ": a row without five cells: " << row[0];
      continue;
    }
    const std::string name = absl::StrReplaceAll(row[0], {{"`", ""}});
    for (absl::string_view program : absl::StrSplit(row[4], ", ")) {
      const bool is_new = documented.emplace(Key(name, std::string(program)), row).second;
      EXPECT_TRUE(is_new) << kDocument << " has " << name << " of " << program << " twice";
    }
  }
  return documented;
}

TEST(ConfigurationDocument, HasExactlyTheSettingsOfThePrograms) {
  std::map<Key, std::vector<std::string>> documented = DocumentedSettings();
  for (const ProgramSettings& program : AllPrograms()) {
    const std::vector<Setting> settings = program.settings();
    ASSERT_GE(settings.size(), 4) << program.program;
    for (const Setting& setting : settings) {
      const auto row = documented.find({setting.name, program.program});
      if (row == documented.end()) {
        ADD_FAILURE() << kDocument << " misses\n" << RowOf(setting, program.program);
        continue;
      }
      EXPECT_TRUE(Describes(row->second, setting)) << kDocument << " must say\n"
                                                   << RowOf(setting, program.program);
      documented.erase(row);
    }
  }
  for (const auto& [key, row] : documented) {
    ADD_FAILURE() << kDocument << ": " << key.second << " has no setting " << key.first;
  }
}

TEST(ConfigurationDocument, SettingsHaveGroupsAndHelp) {
  for (const ProgramSettings& program : AllPrograms()) {
    for (const Setting& setting : program.settings()) {
      EXPECT_FALSE(setting.group.empty()) << program.program << " " << setting.name;
      EXPECT_GE(setting.help.size(), 8) << program.program << " " << setting.name;
      EXPECT_FALSE(absl::EndsWith(setting.help, ".")) << program.program << " " << setting.name;
    }
  }
}

TEST(ConfigurationDocument, ItsSettingsFileIsRead) {
  int files = 0;
  for (const FencedBlock& block : FencedBlocks(SourceFile(kDocument))) {
    if (block.language != "env") continue;
    ++files;
    const config::SettingsFile file = config::ParseSettingsFile(block.text);
    EXPECT_THAT(file.faults, ::testing::IsEmpty());
    std::map<std::string, std::string> values;
    for (const auto& entry : file.entries) values[entry.name] = entry.value;
    EXPECT_EQ(values,
              (std::map<std::string, std::string>{{"RCV_PORT", "8080"},
                                                  {"LOG_LEVEL", "debug"},
                                                  {"RCV_PATH", "/with a # in it"},
                                                  {"EVENT_SOURCE_NAME", "a \"quoted\" word"},
                                                  {"ALLOWED_IMAGE_LIST", ""}}));
  }
  EXPECT_EQ(files, 1);
}

// Names in backquotes in the text.
std::vector<std::string> NamesIn(absl::string_view text) {
  std::vector<std::string> names;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '`');
  for (size_t i = 1; i < parts.size(); i += 2) {
    const bool is_name = parts[i].find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                         absl::string_view::npos;
    if (is_name && !parts[i].empty()) names.emplace_back(parts[i]);
  }
  return names;
}

std::set<std::string> AllSettingNames() {
  std::set<std::string> names;
  for (const ProgramSettings& program : AllPrograms()) {
    for (const Setting& setting : program.settings()) names.insert(setting.name);
  }
  return names;
}

// A row of "From the original": its variables, and what became of them, which begins with "same",
// "no effect" or the names of the settings that take their place.
TEST(ConfigurationDocument, SaysWhatBecameOfTheOriginalsVariables) {
  const std::set<std::string> settings = AllSettingNames();
  std::set<std::string> variables;
  for (const auto& row : RowsBelow("| original | here |")) {
    ASSERT_EQ(row.size(), 2);
    for (const std::string& name : NamesIn(row[0])) {
      EXPECT_TRUE(variables.insert(name).second) << name << " stands there twice";
      const bool is_same = absl::StartsWith(row[1], "same");
      EXPECT_EQ(settings.count(name) == 1, is_same) << name << ": " << row[1];
      const std::vector<std::string> replaced_by = NamesIn(row[1]);
      EXPECT_TRUE(is_same || absl::StartsWith(row[1], "no effect") ||
                  (!replaced_by.empty() && settings.count(replaced_by[0]) == 1))
          << name << ": " << row[1];
    }
  }
  // Of the service, of its SDK, of its init container and of the distributor before it.
  for (const char* name : {"JOB_NAMESPACE",
                           "KEPTN_API_ENDPOINT",
                           "KEPTN_API_TOKEN",
                           "INIT_CONTAINER_IMAGE",
                           "DEFAULT_RESOURCE_LIMITS_CPU",
                           "DEFAULT_RESOURCE_LIMITS_MEMORY",
                           "DEFAULT_RESOURCE_REQUESTS_CPU",
                           "DEFAULT_RESOURCE_REQUESTS_MEMORY",
                           "DEFAULT_JOB_SERVICE_ACCOUNT",
                           "ALLOWED_IMAGE_LIST",
                           "ALLOW_PRIVILEGED_JOBS",
                           "TASK_DEADLINE_SECONDS",
                           "ALWAYS_SEND_FINISHED_EVENT",
                           "FULL_DEPLOYMENT_NAME",
                           "RCV_PORT",
                           "RCV_PATH",
                           "ENV",
                           "PUBSUB_TOPIC",
                           "EVENTBROKER",
                           "HEALTH_ENDPOINT_PORT",
                           "HEALTH_ENDPOINT_ENABLED",
                           "API_PROXY_HTTP_TIMEOUT",
                           "HTTP_SSL_VERIFY",
                           "LOCATION",
                           "K8S_DEPLOYMENT_NAME",
                           "K8S_DEPLOYMENT_VERSION",
                           "K8S_NAMESPACE",
                           "K8S_POD_NAME",
                           "K8S_NODE_NAME",
                           "OAUTH_CLIENT_ID",
                           "OAUTH_CLIENT_SECRET",
                           "OAUTH_SCOPES",
                           "OAUTH_DISCOVERY",
                           "OAUTH_TOKEN_URL",
                           "CONFIGURATION_SERVICE",
                           "API_PROXY_MAX_PAYLOAD_BYTES_KB",
                           "K8S_DEPLOYMENT_COMPONENT",
                           "KEPTN_API_URL",
                           "KEPTN_PROJECT",
                           "KEPTN_STAGE",
                           "KEPTN_SERVICE",
                           "JOB_ACTION",
                           "JOB_TASK",
                           "AUTH_MODE",
                           "GIT_COMMIT_ID",
                           "PUBSUB_URL",
                           "PUBSUB_GROUP",
                           "PUBSUB_RECIPIENT",
                           "PUBSUB_RECIPIENT_PORT",
                           "PUBSUB_RECIPIENT_PATH",
                           "PROJECT_FILTER",
                           "STAGE_FILTER",
                           "SERVICE_FILTER",
                           "VERSION",
                           "DISTRIBUTOR_VERSION",
                           "HTTP_POLLING_INTERVAL",
                           "HEARTBEAT_INTERVAL",
                           "MAX_HEARTBEAT_RETRIES",
                           "MAX_REGISTRATION_RETRIES",
                           "REGISTRATION_INTERVAL",
                           "DISABLE_REGISTRATION",
                           "API_PROXY_PORT",
                           "API_PROXY_PATH",
                           "EVENT_FORWARDING_PATH"}) {
    EXPECT_EQ(variables.count(name), 1) << kDocument << " says nothing about " << name;
  }
}

}  // namespace
}  // namespace jobexec::testing
