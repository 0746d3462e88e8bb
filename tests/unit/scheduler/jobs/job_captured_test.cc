// The Job builder against a capture of what the original created for the same config and event.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/match.h"
#include "scheduler/config/compiled_config.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/jobs/job_builder.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/json/captured_data.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::CapturedData;
using ::jobexec::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The original's chart with its defaults.
JobDefaults ChartDefaults() {
  JobDefaults defaults;
  defaults.job_namespace = "keptn-jes";
  defaults.deployment_name = "job-executor-service";
  defaults.init_image = "docker.io/keptncontrib/job-executor-service-initcontainer:0.3.0";
  defaults.service_account = "job-executor-service-default-job-account";
  defaults.resources = *ParseDefaultResources("1", "512Mi", "50m", "128Mi");
  defaults.user_labels = {{"team", "perf"}};
  return defaults;
}

// What ours has for the first task. Other than the original's: the names, drop ALL, the Secret as a
// whole, the deadline, the termination message, labels and annotations on the pod too, the
// variables of the init container, no TTL yet.
constexpr char kFirstJob[] = R"json({
  "apiVersion": "batch/v1",
  "kind": "Job",
  "metadata": {
    "namespace": "keptn-jes",
    "annotations": {"example.com/owner": "perf-team"},
    "labels": {
      "app.kubernetes.io/managed-by": "job-executor-service",
      "keptn.sh/commitid": "e7c61f9b12c2bb45ae8cceaf92c6b81db5b2adc5",
      "keptn.sh/context": "138f7bf1-f027-42c4-b705-9033b5f5871e",
      "keptn.sh/event-id": "4fe1eed1-49e2-49a9-91af-a42c8b0f7811",
      "keptn.sh/jes-action": "Run_load_tests",
      "keptn.sh/jes-action-index": "0",
      "keptn.sh/jes-job-confighash": "cadae6f7c5952e22ebca7a25c93b571949e90e58eabcf2efeffb64df",
      "keptn.sh/jes-task": "Run_locust_smoke_tests",
      "keptn.sh/jes-task-index": "0",
      "team": "perf"
    }
  },
  "spec": {
    "backoffLimit": 0,
    "activeDeadlineSeconds": 1200,
    "template": {
      "metadata": {
        "annotations": {"example.com/owner": "perf-team"},
        "labels": {"app.kubernetes.io/managed-by": "job-executor-service", "team": "perf"}
      },
      "spec": {
        "restartPolicy": "Never",
        "serviceAccountName": "job-executor-service-default-job-account",
        "securityContext": {
          "fsGroup": 2000, "runAsGroup": 2000, "runAsNonRoot": true, "runAsUser": 1000,
          "seccompProfile": {"type": "RuntimeDefault"}
        },
        "volumes": [{"name": "job-volume", "emptyDir": {"sizeLimit": "20Mi"}}],
        "initContainers": [{
          "name": "init-jes-3b86cd6bf79642a53842ee86-000-001",
          "image": "docker.io/keptncontrib/job-executor-service-initcontainer:0.3.0",
          "imagePullPolicy": "IfNotPresent",
          "terminationMessagePolicy": "FallbackToLogsOnError",
          "env": [],
          "resources": {
            "limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "50m", "memory": "128Mi"}
          },
          "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            "privileged": false, "readOnlyRootFilesystem": false, "runAsGroup": 2000,
            "runAsNonRoot": true, "runAsUser": 7000, "seccompProfile": {"type": "RuntimeDefault"}
          },
          "volumeMounts": [{"name": "job-volume", "mountPath": "/keptn"}]
        }],
        "containers": [{
          "name": "jes-3b86cd6bf79642a53842ee86-000-001",
          "image": "locustio/locust:2.8.6",
          "imagePullPolicy": "IfNotPresent",
          "terminationMessagePolicy": "FallbackToLogsOnError",
          "workingDir": "/keptn",
          "command": ["locust"],
          "args": ["-f", "/keptn/locust/basic.py", "--host", "$(HOST)"],
          "env": [
            {"name": "HOST", "value": "https://keptn.sh"},
            {"name": "DEPLOYMENT", "value": "(see FirstJob)"},
            {"name": "DATA_DIR", "value": "/tmp/data"},
            {"name": "KEPTN_PROJECT", "value": "sockshop"},
            {"name": "KEPTN_STAGE", "value": "dev"},
            {"name": "KEPTN_SERVICE", "value": "carts"},
            {"name": "LABELS_BUILD_ID", "value": "17"},
            {"name": "LABELS_APP_VERSION", "value": "0.1.2"}
          ],
          "envFrom": [{"secretRef": {"name": "locust-secret"}}],
          "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "100m"}},
          "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            "privileged": false, "readOnlyRootFilesystem": false, "runAsGroup": 2000,
            "runAsNonRoot": true, "runAsUser": 7000, "seccompProfile": {"type": "RuntimeDefault"}
          },
          "volumeMounts": [{"name": "job-volume", "mountPath": "/keptn"}]
}]
}
}
}
})json";

Json FirstJob() {
  Json job = Json::parse(kFirstJob);
  job["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"] =
      R"({"deploymentNames":["user_managed"],)"
      R"("deploymentURIsLocal":["https://keptn.sh","https://keptn2.sh"],)"
      R"("deploymentURIsPublic":[""],"deploymentstrategy":"user_managed",)"
      R"("gitCommit":"eb5fc3d5253b1845d3d399c880c329374bbbb30e"})";
  return job;
}

// The second task's Job by what tells it from the first one's.
Json SecondJob() {
  Json job = FirstJob();
  job["metadata"].erase("annotations");
  job["metadata"]["labels"]["keptn.sh/jes-task"] = "Second_task";
  job["metadata"]["labels"]["keptn.sh/jes-task-index"] = "1";
  job["spec"]["activeDeadlineSeconds"] = 300;
  Json& pod = job["spec"]["template"];
  pod["metadata"].erase("annotations");
  Json& container = pod["spec"]["containers"][0];
  container["resources"] = pod["spec"]["initContainers"][0]["resources"];
  pod["spec"].erase("initContainers");
  container["name"] = "jes-3b86cd6bf79642a53842ee86-000-002";
  container["image"] = "alpine";
  container["command"] = {"echo"};
  container["args"] = Json::array({"hello"});
  container["securityContext"] = DefaultContainerSecurityContext();
  container["env"].erase(0);
  container["env"].erase(0);
  container["env"].erase(0);
  for (const char* field : {"imagePullPolicy", "workingDir", "envFrom"}) container.erase(field);
  return job;
}

TEST(JobCaptured, SampleGivesTheOriginalsJobsUpToTheListedChanges) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const std::filesystem::path folder = CapturedData() / "jes/captured";
  const Json document = Json::parse(ReadText(folder / "sample.event.json"));
  const ParsedConfig parsed = ParseJobConfig("c", ReadText(folder / "sample.config.yaml"));
  ASSERT_THAT(parsed.status(), IsOk());
  const auto facts = runs::FactsOf(document);
  ASSERT_THAT(facts, IsOk());
  const JobDefaults defaults = ChartDefaults();
  ASSERT_THAT(MatchingActions(CompiledConfig(parsed.config), facts->type, document),
              ElementsAre(0));
  const Action& action = parsed.config.actions[0];
  const char* const kStems[] = {"jes-3b86cd6bf79642a53842ee86-000-001",
                                "jes-3b86cd6bf79642a53842ee86-000-002"};
  const Json kExpected[] = {FirstJob(), SecondJob()};
  const int64_t kTtls[] = {600, 21600};
  for (int i = 0; i < 2; ++i) {
    const auto job = BuildJob(defaults, {.facts = *facts,
                                         .document = document,
                                         .action = action,
                                         .action_index = 0,
                                         .task = action.tasks[i],
                                         .task_index = i,
                                         .config_hash = parsed.config.hash,
                                         .stem = kStems[i],
                                         .name_space = NamespaceOf(defaults, action.tasks[i])});
    ASSERT_THAT(job, IsOk());
    EXPECT_EQ(*job, kExpected[i]) << Json::diff(*job, kExpected[i]).dump(1);
    EXPECT_EQ(TtlSeconds(action.tasks[i]), kTtls[i]);
  }
}

std::vector<std::filesystem::path> FilesUnder(const char* folder, absl::string_view suffix) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(CapturedData() / folder)) {
    if (absl::EndsWith(entry.path().string(), suffix)) files.push_back(entry.path());
  }
  return files;
}

// Events as Keptn sends them: with what the files leave to it.
std::vector<Json> Events() {
  std::vector<Json> events;
  for (const auto& path : FilesUnder("jes/test/events", ".json")) {
    Json event = Json::parse(ReadText(path));
    if (!event.contains("id")) event["id"] = "f2b878d3-03c0-4e8f-bc3f-454bc1b3d79b";
    if (!event.contains("shkeptncontext")) event["shkeptncontext"] = "08735340";
    events.push_back(std::move(event));
  }
  return events;
}

// How many tasks of the config give a Job for the event; fails the test for any other reason than a
// value that the event does not have.
int CountJobs(const JobConfig& config, const Json& document) {
  const JobDefaults defaults = ChartDefaults();
  const auto facts = runs::FactsOf(document);
  EXPECT_THAT(facts, IsOk());
  int jobs = 0;
  for (const Action& action : config.actions) {
    for (const Task& task : action.tasks) {
      const auto job = BuildJob(defaults, {.facts = *facts,
                                           .document = document,
                                           .action = action,
                                           .task = task,
                                           .config_hash = config.hash,
                                           .stem = "jes-0123-000-001",
                                           .name_space = NamespaceOf(defaults, task)});
      if (job.ok()) {
        ++jobs;
      } else {
        EXPECT_THAT(job.status().message(), HasSubstr("the event has nothing at $."));
      }
    }
  }
  return jobs;
}

TEST(JobCaptured, EveryConfigOfTheOriginalGivesJobs) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const std::vector<Json> events = Events();
  EXPECT_EQ(events.size(), 21);
  for (const auto& path : FilesUnder("jes/test/data", "config.yaml")) {
    SCOPED_TRACE(path.filename());
    const ParsedConfig parsed = ParseJobConfig("c", ReadText(path));
    if (!parsed.ok()) continue;
    int jobs = 0;
    for (const Json& event : events) jobs += CountJobs(parsed.config, event);
    EXPECT_GT(jobs, 0);
  }
}

}  // namespace
}  // namespace jobexec::scheduler
