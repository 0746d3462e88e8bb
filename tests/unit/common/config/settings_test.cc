#include "common/config/settings.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace jobexec::config {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(SettingsReader, ReadsEachTypeAndFallsBackToDefaults) {
  const Environment environment = {
      {"PORT", "80"}, {"ON", "T"}, {"WAIT", "1.5s"}, {"NAME", ""}, {"MUST", "x"}};
  SettingsReader reader(environment);

  EXPECT_EQ(reader.Int("PORT", 1, 0, 100, ""), 80);
  EXPECT_TRUE(reader.Bool("ON", false, ""));
  EXPECT_EQ(reader.Duration("WAIT", absl::Seconds(9), absl::ZeroDuration(), absl::Seconds(9), ""),
            absl::Milliseconds(1500));
  EXPECT_EQ(reader.Text("NAME", "default", ""), "");
  EXPECT_EQ(reader.RequiredText("MUST", ""), "x");
  EXPECT_EQ(reader.Int("ABSENT", 7, 0, 100, ""), 7);
  EXPECT_TRUE(reader.IsSet("NAME"));
  EXPECT_FALSE(reader.IsSet("ABSENT"));
  EXPECT_THAT(reader.Finish(), IsOk());
}

TEST(SettingsReader, ReportsEveryFaultAtOnce) {
  const Environment environment = {{"PORT", "x"}, {"BIG", "101"}, {"ON", ""}, {"WAIT", "5"}};
  SettingsReader reader(environment);

  reader.Int("PORT", 1, 0, 100, "");
  reader.Int("BIG", 1, 0, 100, "");
  reader.Bool("ON", false, "");
  reader.Duration("WAIT", absl::Seconds(1), absl::ZeroDuration(), absl::Seconds(9), "");
  reader.RequiredText("MUST", "the namespace");

  EXPECT_THAT(reader.Finish(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("PORT is \"x\""), HasSubstr("from 0 to 100"),
                             HasSubstr("BIG is \"101\""), HasSubstr("ON is \"\""),
                             HasSubstr("WAIT is \"5\""), HasSubstr("MUST is required"))));
}

TEST(SettingsReader, RemembersWhatWasAskedForHelp) {
  const Environment environment;
  SettingsReader reader(environment);

  reader.Int("PORT", 8080, 0, 65535, "Port for events");

  ASSERT_EQ(reader.help().size(), 1);
  EXPECT_EQ(reader.help()[0].name, "PORT");
  EXPECT_EQ(reader.help()[0].default_text, "8080");
  EXPECT_EQ(reader.help()[0].help, "Port for events");
}

}  // namespace
}  // namespace jobexec::config
