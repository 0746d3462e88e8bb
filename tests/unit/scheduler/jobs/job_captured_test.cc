// The Job builder against a capture of what the original created for the same config and event.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <variant>

#include "absl/strings/match.h"
#include "scheduler/config/compiled_config.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/config/yaml_reader.h"
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

// The JSON of a YAML file.
Json ReadYamlFile(const std::filesystem::path& path) {
  const auto tree = ParseYaml(ReadText(path));
  YamlReader reader;
  Json json;
  ReadYaml(reader, *std::get<YamlNodePtr>(tree), json);
  return json;
}

// The event of that file as Keptn passes it on: with an id and a context, and instead of the
// sequence's the type of one of its tasks.
Json AsKeptnSendsIt(const std::filesystem::path& path, const std::string& type) {
  Json event = Json::parse(ReadText(path));
  event["type"] = type;
  event["id"] = "f2b878d3-03c0-4e8f-bc3f-454bc1b3d79b";
  event["shkeptncontext"] = "08735340-6f9e-4b32-97ff-3b6c292bc50i";
  return event;
}

// The literal types that the config waits for.
std::set<std::string> TypesOf(const JobConfig& config) {
  std::set<std::string> types;
  for (const Action& action : config.actions) {
    for (const EventFilter& filter : action.events) types.insert(filter.type_pattern);
  }
  return types;
}

struct Tally {
  int matches = 0;
  int jobs = 0;
  int refused = 0;  // since the event does not have a value that a variable takes
};

// Builds the Jobs of every matching action; fails the test for any other reason than a value that
// the event does not have.
void Render(const JobConfig& config, const Json& event, Tally& tally) {
  const JobDefaults defaults = ChartDefaults();
  const auto facts = runs::FactsOf(event);
  ASSERT_THAT(facts, IsOk());
  for (const int index : MatchingActions(CompiledConfig(config), facts->type, event)) {
    ++tally.matches;
    const Action& action = config.actions[index];
    for (const Task& task : action.tasks) {
      const auto job = BuildJob(defaults, {.facts = *facts,
                                           .document = event,
                                           .action = action,
                                           .task = task,
                                           .config_hash = config.hash,
                                           .stem = "jes-0123-000-001",
                                           .name_space = NamespaceOf(defaults, task)});
      ++(job.ok() ? tally.jobs : tally.refused);
      if (!job.ok()) {
        EXPECT_THAT(job.status().message(), HasSubstr("the event has nothing at $."));
      }
    }
  }
}

// The configs of the original, but for the one that is invalid on purpose, by their paths.
std::map<std::filesystem::path, JobConfig> ValidConfigs() {
  std::map<std::filesystem::path, JobConfig> configs;
  for (const char* folder : {"jes/test/data", "jes/docs/example"}) {
    for (const auto& path : FilesUnder(folder, "config.yaml")) {
      if (path.filename() == "empty.config.yaml") continue;
      const ParsedConfig parsed = ParseJobConfig(path.filename().string(), ReadText(path));
      EXPECT_THAT(parsed.status(), IsOk());
      configs[path] = parsed.config;
    }
  }
  return configs;
}

TEST(JobCaptured, EveryConfigRendersWithEveryEvent) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const auto paths = FilesUnder("jes/test/events", ".json");
  const auto configs = ValidConfigs();
  ASSERT_EQ(paths.size(), 21);
  ASSERT_EQ(configs.size(), 16);
  Tally as_sent;
  Tally completed;
  for (const auto& [config_path, config] : configs) {
    for (const auto& path : paths) {
      SCOPED_TRACE(config_path.filename().string() + " " + path.filename().string());
      if (path.parent_path().filename() != "e2e") {
        Render(config, Json::parse(ReadText(path)), as_sent);
        continue;
      }
      for (const std::string& type : TypesOf(config)) {
        Render(config, AsKeptnSendsIt(path, type), completed);
      }
    }
  }
  EXPECT_EQ(as_sent.matches, 19);
  EXPECT_EQ(as_sent.jobs, 21);
  EXPECT_EQ(as_sent.refused, 2);
  EXPECT_EQ(completed.matches, 221);
  EXPECT_EQ(completed.jobs, 236);
  EXPECT_EQ(completed.refused, 24);
}

// The types of all tasks that a shipyard knows.
std::set<std::string> TaskTypes(const std::filesystem::path& shipyard) {
  std::set<std::string> types;
  const Json yaml = ReadYamlFile(shipyard);
  for (const Json& stage : yaml["spec"]["stages"]) {
    for (const Json& sequence : stage["sequences"]) {
      for (const Json& task : sequence["tasks"]) {
        types.insert("sh.keptn.event." + task["name"].get<std::string>() + ".triggered");
      }
    }
  }
  return types;
}

// "e2e/envvar" of ".../e2e/envvar.triggered.json".
std::string ScenarioOf(const std::filesystem::path& path) {
  const std::string name = path.filename();
  return (path.parent_path().filename() / name.substr(0, name.find('.'))).string();
}

TEST(JobCaptured, EveryScenarioOfTheOriginalRunsItsWholeConfig) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const std::filesystem::path shipyards = CapturedData() / "jes/test/shipyard";
  const auto configs = ValidConfigs();
  int pairs = 0;
  for (const auto& path : FilesUnder("jes/test/events/e2e", ".json")) {
    for (const auto& [config_path, config] : configs) {
      if (ScenarioOf(config_path) != ScenarioOf(path)) continue;
      SCOPED_TRACE(config_path.filename().string() + " " + path.filename().string());
      ++pairs;
      Tally tally;
      for (const std::string& type :
           TaskTypes(shipyards / (ScenarioOf(path) + ".deployment.yaml"))) {
        Render(config, AsKeptnSendsIt(path, type), tally);
      }
      EXPECT_EQ(tally.matches, config.actions.size());
      EXPECT_GE(tally.jobs, 1);
      EXPECT_EQ(tally.refused, 0);
    }
  }
  EXPECT_EQ(pairs, 19);
}

}  // namespace
}  // namespace jobexec::scheduler
