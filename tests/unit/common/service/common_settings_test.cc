#include "common/service/common_settings.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace jobexec::service {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CommonSettings, HasDefaults) {
  const config::Environment environment;
  config::SettingsReader reader(environment);
  CommonSettings settings;

  LoadCommonSettings(reader, 8081, settings);

  EXPECT_THAT(reader.Finish(), IsOk());
  EXPECT_EQ(settings.admin_port, 8081);
  EXPECT_EQ(settings.admin_address, "0.0.0.0");
  EXPECT_EQ(settings.log_level, log::Level::kInfo);
}

TEST(CommonSettings, NamesFaults) {
  const config::Environment environment = {{"ADMIN_PORT", "x"}, {"LOG_LEVEL", "loud"}};
  config::SettingsReader reader(environment);
  CommonSettings settings;

  LoadCommonSettings(reader, 8081, settings);

  EXPECT_THAT(reader.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        AllOf(HasSubstr("ADMIN_PORT is \"x\""),
                                              HasSubstr("LOG_LEVEL is \"loud\""))));
}

}  // namespace
}  // namespace jobexec::service
