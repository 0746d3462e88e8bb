#include "tests/bench/installation.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/bench/events.h"

namespace jobexec::bench {
namespace {

// One action with one task, of the size that people write: files, variables, limits.
constexpr char kConfig[] = R"yaml(apiVersion: v2
actions:
  - name: "Run load test"
    events:
      - name: "sh.keptn.event.test.triggered"
        jsonpath:
          property: "$.data.test.teststrategy"
          match: "performance"
    tasks:
      - name: "Run locust"
        files: [locust/basic.py, locust/import.py, locust/locust.conf]
        image: "locustio/locust:2.8.6"
        cmd: ["locust"]
        args: ["--config", "/keptn/locust/locust.conf", "--host", "$(HOST)", "--only-summary"]
        env:
          - { name: HOST, value: "$.data.deployment.deploymentURIsLocal[0]", valueFrom: event }
          - { name: STRATEGY, value: "$.data.test.teststrategy", valueFrom: event }
          - { name: USERS, value: "25", valueFrom: string }
        resources:
          limits: { cpu: 500m, memory: 256Mi }
          requests: { cpu: 50m, memory: 64Mi }
)yaml";
// Any 32 bytes will do: nothing is fetched.
constexpr char kGrantKey[] = "a key for the benchmark, not a secret";

absl::Status Write(const std::string& path, const std::string& content) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  std::ofstream file(path);
  file << content;
  file.close();
  return file.good() ? absl::OkStatus() : absl::UnavailableError("cannot write " + path);
}

}  // namespace

absl::Status WriteFiles(const Installation& installation) {
  absl::Status written = Write(installation.GrantKeyFile(), kGrantKey);
  written.Update(Write(absl::StrCat(installation.StoreDirectory(), "/", kProject, "/", kStage, "/",
                                    kService, "/job/config.yaml"),
                       kConfig));
  return written;
}

config::Environment SchedulerEnvironment(const Installation& installation) {
  return {{"KUBECONFIG", installation.kubeconfig},
          {"JOB_NAMESPACE", installation.name_space},
          {"RESOURCE_DIRECTORY", installation.StoreDirectory()},
          {"GRANT_KEY_FILE", installation.GrantKeyFile()},
          {"SCHEDULER_LISTEN_ADDRESS", "127.0.0.1"},
          {"SCHEDULER_PORT", "0"},
          {"SCHEDULER_PUBLIC_ADDRESS", "jobexec-scheduler.jobexec.svc:9090"},
          {"ADMIN_ADDRESS", "127.0.0.1"},
          {"ADMIN_PORT", "0"}};
}

config::Environment ReporterEnvironment(const Installation& installation,
                                        const std::string& sink_url) {
  return {{"KUBECONFIG", installation.kubeconfig},
          {"JOB_NAMESPACE", installation.name_space},
          {"REPORTER_LEASE", ""},  // its renewals are no cost of events
          {"EVENT_SINK_URL", sink_url},
          {"REPORTER_LISTEN_ADDRESS", "127.0.0.1"},
          {"REPORTER_PORT", "0"},
          {"ADMIN_ADDRESS", "127.0.0.1"},
          {"ADMIN_PORT", "0"}};
}

config::Environment IntakeEnvironment(const std::string& scheduler_port) {
  return {{"SCHEDULER_ADDRESS", absl::StrCat("127.0.0.1:", scheduler_port)},
          {"INTAKE_ADDRESS", "127.0.0.1"},
          {"RCV_PORT", "0"},
          {"ADMIN_ADDRESS", "127.0.0.1"},
          {"ADMIN_PORT", "0"}};
}

}  // namespace jobexec::bench
