#include "cli/settings_options.h"

#include <gmock/gmock.h>

#include <sstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::cli {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SettingsOptions, AreNamedAfterTheVariables) {
  const auto options = JobSettingOptions();

  EXPECT_THAT(options, Contains(AllOf(Field(&Option::name, "--job-namespace"),
                                      Field(&Option::variable, "JOB_NAMESPACE"),
                                      Field(&Option::help, HasSubstr("[default]")),
                                      Field(&Option::is_switch, false))));
  EXPECT_THAT(options, Contains(AllOf(Field(&Option::name, "--allow-privileged-jobs"),
                                      Field(&Option::is_switch, true))));
  EXPECT_THAT(options, Contains(AllOf(Field(&Option::name, "--allowed-image-list"),
                                      Field(&Option::alias, "--image-allow-list"))));
  EXPECT_THAT(options, Contains(Field(&Option::name, "--default-project")));
  EXPECT_THAT(options, Contains(AllOf(Field(&Option::name, "--settings-file"),
                                      Field(&Option::kind, ValueKind::kFile))));
  EXPECT_THAT(options, Not(Contains(Field(&Option::name, "--grant-lifetime"))));
}

TEST(SettingsOptions, OptionsWinOverVariables) {
  std::istringstream in;
  std::ostringstream out;
  const config::Environment environment = {{"JOB_NAMESPACE", "a"}, {"DEFAULT_STAGE", "dev"}};
  Arguments arguments;
  arguments.variables = {{"JOB_NAMESPACE", "b"}};

  const auto settings = LoadJobSettings(SettingSources(arguments, {in, out, out, environment}));

  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->planner.defaults.job_namespace, "b");
  EXPECT_EQ(settings->default_scope.stage, "dev");
}

TEST(SettingsOptions, TheSchedulersSettingsFileIsRead) {
  const testing::TempDirectory directory;
  directory.Write("s.env", "JOB_NAMESPACE=a\nDEFAULT_STAGE=dev\nSCHEDULER_PORT=1\n");
  std::istringstream in;
  std::ostringstream out;
  const config::Environment environment = {{"DEFAULT_STAGE", "prod"}};
  Arguments arguments;
  arguments.variables = {{"SETTINGS_FILE", directory.path() + "/s.env"}};

  const auto settings = LoadJobSettings(SettingSources(arguments, {in, out, out, environment}));

  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->planner.defaults.job_namespace, "a");
  EXPECT_EQ(settings->default_scope.stage, "prod");
}

TEST(SettingsOptions, MistakesAreNamedByOption) {
  std::istringstream in;
  std::ostringstream out;
  const config::Environment environment;
  Arguments arguments;
  arguments.variables = {{"ALLOW_PRIVILEGED_JOBS", "maybe"}};

  EXPECT_THAT(
      LoadJobSettings(SettingSources(arguments, {in, out, out, environment})),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("flag --allow-privileged-jobs: ALLOW_PRIVILEGED_JOBS is \"maybe\"")));
}

TEST(SettingsOptions, NothingIsRequired) {
  const auto settings = LoadJobSettings({});

  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->planner.defaults.job_namespace, "default");
}

TEST(SettingsOptions, MistakesAreListed) {
  const config::Environment environment = {{"ALLOW_PRIVILEGED_JOBS", "maybe"},
                                           {"ALLOWED_IMAGE_LIST", "["}};
  EXPECT_THAT(LoadJobSettings(config::SourcesOf(environment)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("ALLOW_PRIVILEGED_JOBS"), HasSubstr("ALLOWED_IMAGE_LIST"))));
}

}  // namespace
}  // namespace jobexec::cli
