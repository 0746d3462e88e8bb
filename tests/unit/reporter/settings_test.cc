#include "reporter/settings.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

config::Environment Minimal() {
  return {{"JOB_NAMESPACE", "jobs"}, {"EVENT_SINK_URL", "http://sink/"}};
}

TEST(ReporterSettings, Defaults) {
  const config::Environment environment = Minimal();
  config::SettingsReader reader(environment);
  const Settings settings = LoadSettings(reader);

  EXPECT_THAT(reader.Finish(), IsOk());
  EXPECT_EQ(settings.port, 9091);
  EXPECT_EQ(settings.admin_port, 8083);
  EXPECT_THAT(settings.namespaces, ElementsAre("jobs"));
  EXPECT_EQ(settings.answers.installation, "jobexec");
  EXPECT_EQ(settings.answers.source, "job-executor-service");
  EXPECT_EQ(settings.log_limits.per_task, 65536u);
  EXPECT_EQ(settings.log_limits.total, 524288u);
  EXPECT_EQ(settings.workers, 8);
}

TEST(ReporterSettings, Namespaces) {
  const struct {
    const char* extra;
    std::vector<std::string> namespaces;
  } cases[] = {
      {"", {"jobs"}},
      {" a, b ,jobs,,a", {"jobs", "a", "b"}},
      {"*", {""}},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.extra);
    config::Environment environment = Minimal();
    environment["JOB_NAMESPACES"] = test.extra;
    config::SettingsReader reader(environment);
    EXPECT_EQ(LoadSettings(reader).namespaces, test.namespaces);
    EXPECT_THAT(reader.Finish(), IsOk());
  }
}

TEST(ReporterSettings, Faults) {
  const struct {
    const char* name;
    const char* value;
    const char* fault;
  } cases[] = {
      {"EVENTBROKER", "nats://x", "exactly one of the two"},
      {"EVENT_SINK_URL", "", "exactly one of the two"},
      {"EVENT_SINK_URL", "sink:80", "EVENT_SINK_URL expected a URL with http://"},
      {"LOG_LEVEL", "loud", "LOG_LEVEL"},
      {"REPORTER_WORKERS", "0", "REPORTER_WORKERS"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    config::Environment environment = Minimal();
    environment[test.name] = test.value;
    config::SettingsReader reader(environment);
    LoadSettings(reader);
    EXPECT_THAT(reader.Finish(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(test.fault)));
  }
}

TEST(ReporterSettings, ABrokerNeedsItsScheme) {
  const config::Environment environment = {{"JOB_NAMESPACE", "jobs"}, {"EVENTBROKER", "nats"}};
  config::SettingsReader reader(environment);
  LoadSettings(reader);
  EXPECT_THAT(reader.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("EVENTBROKER expected a URL")));
}

}  // namespace
}  // namespace jobexec::reporter
