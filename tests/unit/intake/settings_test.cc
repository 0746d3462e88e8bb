#include "intake/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Settings, Defaults) {
  const config::Environment environment = {{"SCHEDULER_ADDRESS", "scheduler:8090"}};
  config::SettingsReader reader(environment);

  const Settings settings = LoadSettings(reader);

  EXPECT_THAT(reader.Finish(), IsOk());
  EXPECT_EQ(settings.scheduler_address, "scheduler:8090");
  EXPECT_EQ(settings.address, "0.0.0.0");
  EXPECT_EQ(settings.port, 8080);
  EXPECT_EQ(settings.path, "/");
  EXPECT_EQ(settings.max_body_bytes, 1024 * 1024);
  EXPECT_EQ(settings.max_connections, 512);
  EXPECT_TRUE(settings.health_enabled);
  EXPECT_EQ(settings.health_port, 8080);
  EXPECT_EQ(settings.max_in_flight, 1024);
  EXPECT_EQ(settings.credits, 256);
  EXPECT_EQ(settings.submit_timeout, absl::Seconds(60));
  EXPECT_EQ(settings.drain_timeout, absl::Seconds(20));
  EXPECT_EQ(settings.admin_address, "0.0.0.0");
  EXPECT_EQ(settings.admin_port, 8081);
  EXPECT_EQ(settings.log_level, log::Level::kInfo);
}

TEST(Settings, EachOneIsRead) {
  const config::Environment environment = {{"SCHEDULER_ADDRESS", "dns:///s:1"},
                                           {"INTAKE_ADDRESS", "127.0.0.1"},
                                           {"RCV_PORT", "0"},
                                           {"RCV_PATH", "/v1/event"},
                                           {"INTAKE_MAX_BODY_BYTES", "2048"},
                                           {"INTAKE_MAX_CONNECTIONS", "3"},
                                           {"HEALTH_ENDPOINT_ENABLED", "false"},
                                           {"HEALTH_ENDPOINT_PORT", "8"},
                                           {"INTAKE_MAX_IN_FLIGHT", "4"},
                                           {"INTAKE_STREAM_WINDOW", "5"},
                                           {"INTAKE_SUBMIT_TIMEOUT", "6s"},
                                           {"INTAKE_DRAIN_TIMEOUT", "7s"},
                                           {"ADMIN_ADDRESS", "::1"},
                                           {"ADMIN_PORT", "9"},
                                           {"LOG_LEVEL", "debug"}};
  config::SettingsReader reader(environment);

  const Settings settings = LoadSettings(reader);

  EXPECT_THAT(reader.Finish(), IsOk());
  EXPECT_EQ(settings.scheduler_address, "dns:///s:1");
  EXPECT_EQ(settings.address, "127.0.0.1");
  EXPECT_EQ(settings.port, 0);
  EXPECT_EQ(settings.path, "/v1/event");
  EXPECT_EQ(settings.max_body_bytes, 2048);
  EXPECT_EQ(settings.max_connections, 3);
  EXPECT_FALSE(settings.health_enabled);
  EXPECT_EQ(settings.health_port, 8);
  EXPECT_EQ(settings.max_in_flight, 4);
  EXPECT_EQ(settings.credits, 5);
  EXPECT_EQ(settings.submit_timeout, absl::Seconds(6));
  EXPECT_EQ(settings.drain_timeout, absl::Seconds(7));
  EXPECT_EQ(settings.admin_address, "::1");
  EXPECT_EQ(settings.admin_port, 9);
  EXPECT_EQ(settings.log_level, log::Level::kDebug);
}

TEST(Settings, HealthIsWhereEventsAre) {
  const config::Environment environment = {{"SCHEDULER_ADDRESS", "s:1"}, {"RCV_PORT", "81"}};
  config::SettingsReader reader(environment);

  EXPECT_EQ(LoadSettings(reader).health_port, 81);
}

TEST(Settings, AllFaultsAreListedTogether) {
  const config::Environment environment = {{"RCV_PORT", "http"},
                                           {"RCV_PATH", "events"},
                                           {"INTAKE_MAX_BODY_BYTES", "99999999"},
                                           {"INTAKE_SUBMIT_TIMEOUT", "61s"},
                                           {"LOG_LEVEL", "loud"}};
  config::SettingsReader reader(environment);

  LoadSettings(reader);

  EXPECT_THAT(
      reader.Finish(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("SCHEDULER_ADDRESS is required"), HasSubstr("RCV_PORT is"),
                     HasSubstr("RCV_PATH is \"events\""), HasSubstr("INTAKE_MAX_BODY_BYTES is"),
                     HasSubstr("INTAKE_SUBMIT_TIMEOUT is \"61s\""),
                     HasSubstr("LOG_LEVEL is \"loud\""))));
}

TEST(Settings, AnEmptySchedulerAddressIsAFault) {
  const config::Environment environment = {{"SCHEDULER_ADDRESS", ""}};
  config::SettingsReader reader(environment);

  LoadSettings(reader);

  EXPECT_THAT(reader.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("SCHEDULER_ADDRESS is empty")));
}

}  // namespace
}  // namespace jobexec::intake
