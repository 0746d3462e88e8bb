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

TEST(ReporterSettings, TheLeaseIsTheInstallationsAndBesideItsJobs) {
  const struct {
    const char* installation;
    const char* lease;  // null: not set
    const char* name;
  } cases[] = {
      {"jobexec", nullptr, "jobexec-reporter-jobexec"},
      {"team-2", nullptr, "jobexec-reporter-team-2"},
      {"Team_2", nullptr, "jobexec-reporter.92e6cebbcf5ef345"},
      {"jobexec", "mine", "mine"},
      {"jobexec", "", ""},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    config::Environment environment = Minimal();
    environment["INSTALLATION_ID"] = test.installation;
    if (test.lease != nullptr) environment["REPORTER_LEASE"] = test.lease;
    config::SettingsReader reader(environment);
    const Settings settings = LoadSettings(reader);
    EXPECT_EQ(settings.lease.name, test.name);
    EXPECT_EQ(settings.lease.name_space, "jobs");
    EXPECT_THAT(reader.Finish(), IsOk());
  }
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

TEST(ReporterSettings, WhereAnswersGo) {
  using keptn::Mode;
  const struct {
    const char* name;
    config::Environment environment;
    Mode mode;
    const char* nats;
    const char* sink;
    size_t log_bytes;
  } cases[] = {
      {"a sink", {{"EVENT_SINK_URL", "http://sink/"}}, Mode::kNone, "", "http://sink/", 524288},
      {"a broker", {{"EVENTBROKER", "nats://x"}}, Mode::kNone, "nats://x", "", 524288},
      {"in Keptn's cluster",
       {{"KEPTN_API_ENDPOINT", ""}},
       Mode::kInCluster,
       "nats://keptn-nats",
       "",
       524288},
      {"in Keptn's cluster, another broker",
       {{"KEPTN_API_ENDPOINT", ""}, {"EVENTBROKER", "tls://x"}},
       Mode::kInCluster,
       "tls://x",
       "",
       524288},
      {"remote", {{"KEPTN_API_ENDPOINT", "https://keptn/api"}}, Mode::kRemote, "", "", 32768},
      {"remote, the broker is others'",
       {{"KEPTN_API_ENDPOINT", "https://keptn/api"}, {"EVENTBROKER", "nats://x"}},
       Mode::kRemote,
       "",
       "",
       32768},
      {"remote, larger logs",
       {{"KEPTN_API_ENDPOINT", "https://keptn/api"}, {"ANSWER_LOG_BYTES_TOTAL", "100000"}},
       Mode::kRemote,
       "",
       "",
       100000},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    config::Environment environment = test.environment;
    environment["JOB_NAMESPACE"] = "jobs";
    config::SettingsReader reader(environment);
    const Settings settings = LoadSettings(reader);
    EXPECT_THAT(reader.Finish(), IsOk());
    EXPECT_EQ(settings.keptn.mode, test.mode);
    EXPECT_EQ(settings.nats_urls, test.nats);
    EXPECT_EQ(settings.sink.url, test.sink);
    EXPECT_EQ(settings.log_limits.total, test.log_bytes);
  }
}

TEST(ReporterSettings, AllFaultsAreToldTogether) {
  const config::Environment environment = {{"KEPTN_API_ENDPOINT", ""},
                                           {"EVENTBROKER", ""},
                                           {"EVENT_SINK_URL", "sink"},
                                           {"EVENT_SOURCE_NAME", ""},
                                           {"REPORTER_WORKERS", "0"}};
  config::SettingsReader reader(environment);
  LoadSettings(reader);
  const std::string faults(reader.Finish().message());
  for (const char* fault :
       {"JOB_NAMESPACE", "EVENTBROKER", "answers go to Keptn or to the sink",
        "EVENT_SINK_URL expected a URL", "EVENT_SOURCE_NAME", "REPORTER_WORKERS"}) {
    EXPECT_THAT(faults, HasSubstr(fault));
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
