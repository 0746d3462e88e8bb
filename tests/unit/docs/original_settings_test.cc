// The environment variables of the original exist under their names, with their defaults and with
// what its reader (envconfig) takes an empty value for.
#include <gmock/gmock.h>

#include <algorithm>

#include "absl/status/status.h"
#include "tests/unit/docs/programs.h"

namespace jobexec::testing {
namespace {

using ::jobexec::config::Setting;

const ProgramSettings& ProgramOf(const std::string& name) {
  return *std::find_if(AllPrograms().begin(), AllPrograms().end(),
                       [&](const ProgramSettings& program) { return program.program == name; });
}

absl::Status LoadWith(const ProgramSettings& program, const std::string& name,
                      const std::string& value) {
  config::Environment environment = program.minimum;
  environment[name] = value;
  config::SettingsReader reader(environment);
  program.load(reader);
  return reader.Finish();
}

enum class Kind {
  kText,      // any text, also an empty one
  kNumber,    // an empty text is an error
  kSwitch,    // as Go's ParseBool, an empty text is an error
  kNonEmpty,  // stricter than the original: empty is an error
};

struct Variable {
  const char* program;
  const char* name;
  Kind kind;
  const char* default_text;
};

// Where the original had no default but its chart set one, ours is the chart's.
const Variable kVariables[] = {
    {"scheduler", "JOB_NAMESPACE", Kind::kNonEmpty, "(required)"},
    {"reporter", "JOB_NAMESPACE", Kind::kNonEmpty, "(required)"},
    {"scheduler", "INIT_CONTAINER_IMAGE", Kind::kText, "jobexec.local/jobexec-init:dev"},
    {"scheduler", "DEFAULT_RESOURCE_LIMITS_CPU", Kind::kText, "1"},
    {"scheduler", "DEFAULT_RESOURCE_LIMITS_MEMORY", Kind::kText, "512Mi"},
    {"scheduler", "DEFAULT_RESOURCE_REQUESTS_CPU", Kind::kText, "50m"},
    {"scheduler", "DEFAULT_RESOURCE_REQUESTS_MEMORY", Kind::kText, "128Mi"},
    {"scheduler", "DEFAULT_JOB_SERVICE_ACCOUNT", Kind::kText, ""},
    {"scheduler", "ALLOWED_IMAGE_LIST", Kind::kText, ""},
    {"scheduler", "ALLOW_PRIVILEGED_JOBS", Kind::kSwitch, "false"},
    {"scheduler", "TASK_DEADLINE_SECONDS", Kind::kNumber, "0"},
    {"scheduler", "ALWAYS_SEND_FINISHED_EVENT", Kind::kSwitch, "false"},
    {"scheduler", "FULL_DEPLOYMENT_NAME", Kind::kText, "job-executor-service"},
    {"intake", "RCV_PORT", Kind::kNumber, "8080"},
    {"intake", "RCV_PATH", Kind::kNonEmpty, "/"},
    {"intake", "HEALTH_ENDPOINT_PORT", Kind::kNumber, "8080"},
    {"intake", "HEALTH_ENDPOINT_ENABLED", Kind::kSwitch, "true"},
    {"intake", "KEPTN_API_ENDPOINT", Kind::kText, ""},
    {"scheduler", "KEPTN_API_ENDPOINT", Kind::kText, ""},
    {"intake", "KEPTN_API_TOKEN", Kind::kText, ""},
    {"scheduler", "KEPTN_API_TOKEN", Kind::kText, ""},
    {"reporter", "KEPTN_API_TOKEN", Kind::kText, ""},
    {"reporter", "OAUTH_CLIENT_ID", Kind::kText, ""},
    {"reporter", "OAUTH_CLIENT_SECRET", Kind::kText, ""},
    {"reporter", "OAUTH_SCOPES", Kind::kText, ""},
    {"reporter", "OAUTH_DISCOVERY", Kind::kText, ""},
    {"reporter", "OAUTH_TOKEN_URL", Kind::kText, ""},
    {"intake", "HTTP_SSL_VERIFY", Kind::kSwitch, "true"},
    {"scheduler", "HTTP_SSL_VERIFY", Kind::kSwitch, "true"},
    {"reporter", "HTTP_SSL_VERIFY", Kind::kSwitch, "true"},
    {"scheduler", "API_PROXY_HTTP_TIMEOUT", Kind::kNumber, "30"},
    {"scheduler", "CONFIGURATION_SERVICE", Kind::kText, ""},
    {"intake", "EVENTBROKER", Kind::kText, ""},
    {"intake", "PUBSUB_TOPIC", Kind::kText, ""},
    {"intake", "PROJECT_FILTER", Kind::kText, ""},
    {"intake", "STAGE_FILTER", Kind::kText, ""},
    {"intake", "SERVICE_FILTER", Kind::kText, ""},
    {"intake", "LOCATION", Kind::kText, ""},
    {"intake", "K8S_DEPLOYMENT_NAME", Kind::kText, ""},
    {"intake", "K8S_DEPLOYMENT_VERSION", Kind::kText, ""},
    {"intake", "K8S_NAMESPACE", Kind::kText, ""},
    {"intake", "K8S_POD_NAME", Kind::kText, ""},
    {"intake", "K8S_NODE_NAME", Kind::kText, ""},
    {"intake", "DISABLE_REGISTRATION", Kind::kSwitch, "false"},
    {"intake", "HEARTBEAT_INTERVAL", Kind::kNonEmpty, "5s"},
    {"intake", "HTTP_POLLING_INTERVAL", Kind::kNonEmpty, "1s"},
};

TEST(OriginalSettings, ExistWithTheirDefaults) {
  for (const Variable& variable : kVariables) {
    const std::vector<Setting> settings = ProgramOf(variable.program).settings();
    const auto setting = std::find_if(settings.begin(), settings.end(),
                                      [&](const Setting& s) { return s.name == variable.name; });
    ASSERT_NE(setting, settings.end()) << variable.program << " " << variable.name;
    EXPECT_EQ(setting->default_text, variable.default_text) << variable.name;
    EXPECT_EQ(setting->is_switch, variable.kind == Kind::kSwitch) << variable.name;
  }
}

TEST(OriginalSettings, TakeAnEmptyValueAsTheOriginalDoes) {
  for (const Variable& variable : kVariables) {
    const absl::Status status = LoadWith(ProgramOf(variable.program), variable.name, "");
    EXPECT_EQ(status.ok(), variable.kind == Kind::kText) << variable.name << ": " << status;
  }
}

TEST(OriginalSettings, NumbersAndSwitchesAreNoOtherText) {
  for (const Variable& variable : kVariables) {
    if (variable.kind != Kind::kNumber && variable.kind != Kind::kSwitch) continue;
    const ProgramSettings& program = ProgramOf(variable.program);
    EXPECT_FALSE(LoadWith(program, variable.name, "yes").ok()) << variable.name;
    const absl::Status valid = LoadWith(program, variable.name, "1");
    EXPECT_TRUE(valid.ok()) << variable.name << ": " << valid;
  }
}

TEST(OriginalSettings, TheLeastThatIsRequiredIsEnough) {
  for (const ProgramSettings& program : AllPrograms()) {
    const absl::Status status = LoadWith(program, "PATH", "/bin");
    EXPECT_TRUE(status.ok()) << program.program << ": " << status;
  }
}

}  // namespace
}  // namespace jobexec::testing
