#include "initcontainer/settings.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::initcontainer {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(InitSettings, AreThoseThatTheSchedulerWrites) {
  const config::Environment environment = {{"JOBEXEC_SCHEDULER", "s:1"}, {"JOBEXEC_GRANT", "g"}};
  config::SettingsReader reader(environment);

  const Settings settings = LoadSettings(reader);

  EXPECT_THAT(reader.Finish(), IsOk());
  EXPECT_EQ(settings.fetch.scheduler, "s:1");
  EXPECT_EQ(settings.fetch.grant, "g");
  EXPECT_EQ(settings.fetch.retry_for, absl::Minutes(2));
  EXPECT_EQ(settings.target, "/keptn");
}

TEST(InitSettings, WhatIsMissingIsNamed) {
  const config::Environment environment;
  config::SettingsReader reader(environment);

  LoadSettings(reader);

  EXPECT_THAT(reader.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        AllOf(HasSubstr("JOBEXEC_SCHEDULER is required"),
                                              HasSubstr("JOBEXEC_GRANT is required"))));
}

}  // namespace
}  // namespace jobexec::initcontainer
