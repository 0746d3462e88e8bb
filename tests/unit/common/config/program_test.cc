#include "common/config/program.h"

#include <gmock/gmock.h>

#include "absl/strings/str_split.h"
#include "common/config/settings.h"
#include "tests/support/temp_directory.h"

namespace jobexec::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;
using ::testing::StartsWith;

void Load(SettingsReader& reader) {
  reader.Group("Events");
  reader.Int("RCV_PORT", 8080, 0, 65535, "Port for events");
  reader.Group("Keptn");
  reader.Secret("KEPTN_API_TOKEN", "Token of Keptn's API");
  reader.RequiredText("JOB_NAMESPACE", "Namespace");
  reader.Group("Events");
  reader.Text("RCV_PATH", "/",
              "A help that is longer than a line of a terminal is broken at a blank, so that one "
              "can read it without having to scroll");
}

Program TestProgram() {
  return {.name = "jobexec-test",
          .description = "Tests.",
          .examples = "  jobexec-test --rcv-port=80\n",
          .settings = SettingsOf(Load)};
}

TEST(Help, HasGroupsDefaultsAndExamples) {
  const auto help = HelpOrVersion(TestProgram(), {"--rcv-port=1", "--help"});

  EXPECT_THAT(
      help,
      Optional(AllOf(
          StartsWith("Tests.\n\nUsage: jobexec-test [--SETTING=VALUE...]\n\n"
                     "Examples:\n  jobexec-test --rcv-port=80\n"),
          HasSubstr("\nEvents:\n"
                    "  --rcv-port, RCV_PORT  [8080]\n"
                    "      Port for events (a whole number from 0 to 65535)\n"
                    "  --rcv-path, RCV_PATH  [/]\n"
                    "      A help that is longer than a line of a terminal is broken at a blank, "
                    "so that one\n"
                    "      can read it without having to scroll\n"
                    "\nKeptn:\n"
                    "  KEPTN_API_TOKEN\n"),
          HasSubstr("  --job-namespace, JOB_NAMESPACE  (required)\n"),
          HasSubstr("  --keptn-api-token-file, KEPTN_API_TOKEN_FILE\n"),
          Not(HasSubstr("--keptn-api-token,")), Not(HasSubstr("settings file")))));
  for (absl::string_view line : absl::StrSplit(*help, '\n')) EXPECT_LE(line.size(), 100) << line;
  EXPECT_EQ(HelpOrVersion(TestProgram(), {"-h"}), help);
}

TEST(Version, IsPrinted) {
  EXPECT_THAT(HelpOrVersion(TestProgram(), {"--version"}), Optional(StartsWith("jobexec-test ")));
  EXPECT_EQ(HelpOrVersion(TestProgram(), {"--rcv-port=1"}), std::nullopt);
}

TEST(ReadSources, ReadsAFileOnlyIfTheProgramHasThatSetting) {
  const testing::TempDirectory directory;
  directory.Write("f.env", "RCV_PORT=1\n");
  const Environment environment = {{"SETTINGS_FILE", directory.path() + "/f.env"}};
  std::vector<Setting> settings = SettingsOf(Load);

  EXPECT_EQ(ReadSources(settings, {}, environment).assignments.count("RCV_PORT"), 0);
  settings.push_back({.name = "SETTINGS_FILE"});
  EXPECT_EQ(ReadSources(settings, {}, environment).assignments.at("RCV_PORT").value, "1");
}

}  // namespace
}  // namespace jobexec::config
