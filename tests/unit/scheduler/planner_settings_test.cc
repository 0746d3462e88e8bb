#include "scheduler/planner_settings.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(PlannerSettings, ReadsVariablesAndTheFilesTheyName) {
  const testing::TempDirectory directory;
  directory.Write("job-labels.yaml", "team: perf\n");
  directory.Write("job-podSecurityContext.json", R"({"RunAsUser": 7})");
  directory.Write("job-defaultSecurityContext.json", "null");
  const config::Environment environment = {{"JOB_NAMESPACE", "jobs"},
                                           {"ALLOWED_IMAGE_LIST", "alpine:*"},
                                           {"GRANT_LIFETIME", "1h"},
                                           {"JOB_SETTINGS_DIRECTORY", directory.path()}};
  config::SettingsReader reader(environment);

  const PlannerSettings settings = LoadPlannerSettings(reader, "host:1");

  ASSERT_THAT(reader.Finish(), IsOk());
  EXPECT_EQ(settings.installation, "jobexec");
  EXPECT_EQ(settings.fetch_address, "host:1");
  EXPECT_EQ(settings.grant_lifetime, absl::Hours(1));
  EXPECT_EQ(settings.defaults.job_namespace, "jobs");
  EXPECT_FALSE(settings.defaults.allowed_images.Allows("busybox"));
  EXPECT_THAT(settings.defaults.user_labels, UnorderedElementsAre(Pair("team", "perf")));
  EXPECT_EQ(settings.defaults.pod_security_context.dump(), R"({"runAsUser":7})");
  EXPECT_EQ(settings.defaults.container_security_context.dump(), "{}");
  EXPECT_EQ(settings.defaults.resources.limits.at("memory"), "512Mi");
}

TEST(PlannerSettings, ListsEveryMistake) {
  const testing::TempDirectory directory;
  directory.Write("job-labels.yaml", "a b: c\n");
  directory.Write("key", "short\n");
  const config::Environment environment = {{"ALLOWED_IMAGE_LIST", "["},
                                           {"DEFAULT_RESOURCE_LIMITS_CPU", "x"},
                                           {"FULL_DEPLOYMENT_NAME", "a b"},
                                           {"INSTALLATION_ID", "-"},
                                           {"GRANT_KEY_FILE", directory.path() + "/key"},
                                           {"JOB_SETTINGS_DIRECTORY", directory.path()}};
  config::SettingsReader reader(environment);

  LoadPlannerSettings(reader, "");
  LoadGrantKey(reader);

  EXPECT_THAT(reader.Finish(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("JOB_NAMESPACE is required"),
                             HasSubstr("ALLOWED_IMAGE_LIST: \"[\" is no glob"),
                             HasSubstr("DEFAULT_RESOURCE_*: default limit of cpu"),
                             HasSubstr("FULL_DEPLOYMENT_NAME: "), HasSubstr("INSTALLATION_ID: "),
                             HasSubstr("job-labels.yaml: key \"a b\""),
                             HasSubstr("GRANT_KEY has 5 bytes, expected at least 32"))));
}

TEST(PlannerSettings, AFolderThatIsNamedMustBeThere) {
  const config::Environment environment = {{"JOB_NAMESPACE", "jobs"},
                                           {"JOB_SETTINGS_DIRECTORY", "/none"}};
  config::SettingsReader reader(environment);

  LoadPlannerSettings(reader, "");

  EXPECT_THAT(reader.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("there is no folder \"/none\"")));
}

TEST(PlannerSettings, EmptyDefaultResourcesAreLeftOut) {
  const config::Environment environment = {{"JOB_NAMESPACE", "jobs"},
                                           {"DEFAULT_RESOURCE_LIMITS_CPU", ""},
                                           {"DEFAULT_RESOURCE_LIMITS_MEMORY", ""},
                                           {"DEFAULT_RESOURCE_REQUESTS_CPU", ""},
                                           {"DEFAULT_RESOURCE_REQUESTS_MEMORY", "1Gi"}};
  config::SettingsReader reader(environment);

  const Resources resources = LoadPlannerSettings(reader, "").defaults.resources;

  EXPECT_THAT(reader.Finish(), IsOk());
  EXPECT_THAT(resources.limits, ::testing::IsEmpty());
  EXPECT_THAT(resources.requests, UnorderedElementsAre(Pair("memory", "1Gi")));
}

TEST(PlannerSettings, AnEmptyNamespaceIsAFault) {
  const config::Environment environment = {{"JOB_NAMESPACE", ""}};
  config::SettingsReader reader(environment);

  LoadPlannerSettings(reader, "");

  EXPECT_THAT(reader.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("variable JOB_NAMESPACE is empty")));
}

TEST(PlannerSettings, AGrantKeyOfBlanksIsNoKey) {
  const config::Environment environment = {{"GRANT_KEY", std::string(40, ' ')}};
  config::SettingsReader reader(environment);

  LoadGrantKey(reader);

  EXPECT_THAT(reader.Finish(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("GRANT_KEY has 0 bytes")));
}

TEST(PlannerSettings, TheGrantKeyIsTheFileWithoutItsLastLineBreak) {
  const testing::TempDirectory directory;
  directory.Write("key", std::string(32, 'k') + "\n");
  const config::Environment environment = {{"GRANT_KEY_FILE", directory.path() + "/key"}};
  config::SettingsReader reader(environment);

  EXPECT_EQ(LoadGrantKey(reader), std::string(32, 'k'));
  EXPECT_THAT(reader.Finish(), IsOk());
}

}  // namespace
}  // namespace jobexec::scheduler
