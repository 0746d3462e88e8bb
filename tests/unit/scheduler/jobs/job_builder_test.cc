#include "scheduler/jobs/job_builder.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "common/base/status_details.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

// Everything a Job is built from; tests change what they are about.
struct Inputs {
  JobDefaults defaults;
  runs::EventFacts facts{.id = "4fe1eed1",
                         .project = "sockshop",
                         .stage = "dev",
                         .service = "carts",
                         .keptn_context = "138f7bf1",
                         .commit = "e7c61f9b"};
  Json document = {{"id", "4fe1eed1"}};
  Action action{.name = "Run load tests"};
  Task task{.name = "--Second: task!", .image = "alpine"};

  Inputs() {
    defaults.job_namespace = "keptn-jes";
    defaults.deployment_name = "jes";
    defaults.init_image = "jobexec-init:1";
  }

  absl::StatusOr<Json> Build() const {
    return BuildJob(defaults, {.facts = facts,
                               .document = document,
                               .action = action,
                               .action_index = 3,
                               .task = task,
                               .task_index = 1,
                               .config_hash = "abc",
                               .stem = "jes-0123-000-002",
                               .name_space = NamespaceOf(defaults, task)});
  }

  // A value of the Job that is expected to be built.
  Json At(const char* pointer) const {
    const auto job = Build();
    EXPECT_THAT(job, IsOk());
    return job.ok() ? job->value(Json::json_pointer(pointer), Json()) : Json();
  }
};

constexpr char kPod[] = "/spec/template/spec";
constexpr char kContainer[] = "/spec/template/spec/containers/0";
constexpr char kInit[] = "/spec/template/spec/initContainers/0";

std::string Under(const char* base, const char* rest) { return std::string(base) + rest; }

TEST(BuildJob, SmallestJobIsComplete) {
  const Json expected = Json::parse(R"({
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
      "namespace": "keptn-jes",
      "labels": {
        "app.kubernetes.io/managed-by": "jes",
        "keptn.sh/commitid": "e7c61f9b",
        "keptn.sh/context": "138f7bf1",
        "keptn.sh/event-id": "4fe1eed1",
        "keptn.sh/jes-action": "Run_load_tests",
        "keptn.sh/jes-action-index": "3",
        "keptn.sh/jes-job-confighash": "abc",
        "keptn.sh/jes-task": "Second_task",
        "keptn.sh/jes-task-index": "1"
      }
    },
    "spec": {
      "backoffLimit": 0,
      "activeDeadlineSeconds": 300,
      "template": {
        "metadata": {"labels": {"app.kubernetes.io/managed-by": "jes"}},
        "spec": {
          "restartPolicy": "Never",
          "securityContext": {
            "fsGroup": 2000, "runAsGroup": 2000, "runAsNonRoot": true, "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"}
          },
          "volumes": [{"name": "job-volume", "emptyDir": {"sizeLimit": "20Mi"}}],
          "containers": [{
            "name": "jes-0123-000-002",
            "image": "alpine",
            "env": [
              {"name": "KEPTN_PROJECT", "value": "sockshop"},
              {"name": "KEPTN_STAGE", "value": "dev"},
              {"name": "KEPTN_SERVICE", "value": "carts"}
            ],
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "securityContext": {
              "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
              "privileged": false, "readOnlyRootFilesystem": true, "runAsGroup": 2000,
              "runAsNonRoot": true, "runAsUser": 1000,
              "seccompProfile": {"type": "RuntimeDefault"}
            },
            "volumeMounts": [{"name": "job-volume", "mountPath": "/keptn"}]
          }]
        }
      }
    }
  })");

  const auto job = Inputs().Build();

  ASSERT_THAT(job, IsOk());
  EXPECT_EQ(*job, expected) << Json::diff(*job, expected).dump(1);
}

TEST(BuildJob, SetsTheFieldsOfTheTask) {
  Inputs in;
  in.task.image_pull_policy = "always";
  in.task.cmd = {"sh", "-c"};
  in.task.args = {"echo $(HOST)"};
  in.task.working_dir = "/tmp";
  in.task.name_space = "other";
  in.task.priority_class_name = "high";
  in.task.image_pull_secrets = {"a", "b"};
  in.task.node_selector = {{"disk", "ssd"}};
  in.task.tolerations = Json::parse(R"([{"key": "gpu"}])");
  in.task.affinity = Json::parse(R"({"nodeAffinity": {}})");
  in.task.retries = 2;
  in.task.parallelism = 3;
  in.task.completions = 4;
  in.task.volume_size = "1.5Gi";

  EXPECT_EQ(in.At("/metadata/namespace"), "other");
  EXPECT_EQ(in.At(Under(kContainer, "/imagePullPolicy").c_str()), "always");
  EXPECT_EQ(in.At(Under(kContainer, "/command").c_str()), Json({"sh", "-c"}));
  EXPECT_EQ(in.At(Under(kContainer, "/args").c_str()), Json::array({"echo $(HOST)"}));
  EXPECT_EQ(in.At(Under(kContainer, "/workingDir").c_str()), "/tmp");
  EXPECT_EQ(in.At(Under(kPod, "/priorityClassName").c_str()), "high");
  EXPECT_EQ(in.At(Under(kPod, "/imagePullSecrets").c_str()).dump(),
            R"([{"name":"a"},{"name":"b"}])");
  EXPECT_EQ(in.At(Under(kPod, "/nodeSelector").c_str()).dump(), R"({"disk":"ssd"})");
  EXPECT_EQ(in.At(Under(kPod, "/tolerations").c_str()), in.task.tolerations);
  EXPECT_EQ(in.At(Under(kPod, "/affinity").c_str()), in.task.affinity);
  EXPECT_EQ(in.At(Under(kPod, "/volumes/0/emptyDir/sizeLimit").c_str()), "1536Mi");
  EXPECT_EQ(in.At("/spec/backoffLimit"), 2);
  EXPECT_EQ(in.At("/spec/parallelism"), 3);
  EXPECT_EQ(in.At("/spec/completions"), 4);
}

TEST(BuildJob, LeavesTheProtocolToTheCaller) {
  Inputs in;
  in.task.queue = "team";
  in.task.ttl_seconds_after_finished = 600;

  EXPECT_TRUE(in.At("/metadata/name").is_null());
  EXPECT_TRUE(in.At("/metadata/finalizers").is_null());
  EXPECT_TRUE(in.At("/spec/suspend").is_null());
  EXPECT_TRUE(in.At("/spec/ttlSecondsAfterFinished").is_null());
  EXPECT_THAT(in.Build()->dump(), ::testing::Not(HasSubstr("team")));
}

TEST(BuildJob, LabelsAndAnnotationsReachThePod) {
  Inputs in;
  in.defaults.user_labels = {
      {"team", "perf"}, {"keptn.sh/context", "mine"}, {"app.kubernetes.io/managed-by", "me"}};
  in.task.pod_labels = {{"team", "pod"}, {"tier", "x"}, {"app.kubernetes.io/managed-by", "me"}};
  in.task.annotations = {{"vault", "on"}, {"owner", "job"}};
  in.task.pod_annotations = {{"owner", "pod"}};

  EXPECT_EQ(in.At("/metadata/labels/team"), "perf");
  EXPECT_EQ(in.At("/metadata/labels/keptn.sh~1context"), "138f7bf1");
  EXPECT_EQ(in.At("/metadata/labels/app.kubernetes.io~1managed-by"), "jes");
  EXPECT_EQ(in.At("/metadata/annotations").dump(), R"({"owner":"job","vault":"on"})");
  EXPECT_EQ(in.At("/spec/template/metadata/labels").dump(),
            R"({"app.kubernetes.io/managed-by":"jes","keptn.sh/context":"mine","team":"pod",)"
            R"("tier":"x"})");
  EXPECT_EQ(in.At("/spec/template/metadata/annotations").dump(), R"({"owner":"pod","vault":"on"})");
}

TEST(BuildJob, LabelValuesAreSanitised) {
  Inputs in;
  in.facts.id = "id with blanks";
  in.facts.keptn_context = "a/b";
  in.facts.commit = "";
  in.action.name = "é";

  EXPECT_EQ(in.At("/metadata/labels/keptn.sh~1event-id"), "id_with_blanks");
  EXPECT_EQ(in.At("/metadata/labels/keptn.sh~1context"), "a_b");
  EXPECT_EQ(in.At("/metadata/labels/keptn.sh~1commitid"), "");
  EXPECT_EQ(in.At("/metadata/labels/keptn.sh~1jes-action"), "");
}

TEST(BuildJob, FilesBringAnInitContainer) {
  Inputs in;
  in.defaults.resources = {.limits = {{"cpu", "1"}}, .requests = {{"memory", "128Mi"}}};
  in.task.resources = Resources{.limits = {{"cpu", "0.5"}}};
  in.task.security_context.run_as_user = 7000;
  EXPECT_TRUE(in.At(kInit).is_null());

  in.task.files = {"/helm"};

  const Json init = in.At(kInit);
  EXPECT_EQ(init["name"], "init-jes-0123-000-002");
  EXPECT_EQ(init["image"], "jobexec-init:1");
  EXPECT_EQ(init["imagePullPolicy"], "IfNotPresent");
  EXPECT_EQ(init["terminationMessagePolicy"], "FallbackToLogsOnError");
  EXPECT_EQ(init["env"], Json::array());
  EXPECT_EQ(init["resources"].dump(), R"({"limits":{"cpu":"1"},"requests":{"memory":"128Mi"}})");
  EXPECT_EQ(init["volumeMounts"].dump(), R"([{"mountPath":"/keptn","name":"job-volume"}])");
  EXPECT_EQ(init["securityContext"]["runAsUser"], 7000);
  EXPECT_EQ(in.At(Under(kContainer, "/securityContext").c_str()), init["securityContext"]);
  EXPECT_EQ(in.At(Under(kContainer, "/resources").c_str()).dump(), R"({"limits":{"cpu":"500m"}})");
  EXPECT_EQ(init.size(), 8);
}

TEST(BuildJob, ResourcesOfTheTaskReplaceTheDefaults) {
  Inputs in;
  in.defaults.resources = {.limits = {{"cpu", "1"}}};
  EXPECT_EQ(in.At(Under(kContainer, "/resources").c_str()).dump(), R"({"limits":{"cpu":"1"}})");

  in.task.resources.emplace();
  EXPECT_TRUE(in.At(Under(kContainer, "/resources").c_str()).is_null());
}

TEST(BuildJob, ServiceAccountOfTheTaskReplacesTheDefault) {
  Inputs in;
  EXPECT_TRUE(in.At(Under(kPod, "/serviceAccountName").c_str()).is_null());
  in.defaults.service_account = "default-job";
  EXPECT_EQ(in.At(Under(kPod, "/serviceAccountName").c_str()), "default-job");
  in.task.service_account = "own";
  EXPECT_EQ(in.At(Under(kPod, "/serviceAccountName").c_str()), "own");
  in.task.service_account = "";
  EXPECT_TRUE(in.At(Under(kPod, "/serviceAccountName").c_str()).is_null());
}

TEST(BuildJob, ResultFileIsTheTerminationMessage) {
  Inputs in;
  in.task.result_file = "/keptn/result.json";

  EXPECT_EQ(in.At(Under(kContainer, "/terminationMessagePath").c_str()), "/keptn/result.json");
  EXPECT_TRUE(in.At(Under(kContainer, "/terminationMessagePolicy").c_str()).is_null());
}

TEST(BuildJob, BuiltInVariablesComeLastAndSoWinOverTheTasksOwn) {
  Inputs in;
  in.facts.labels = {{"app", "label"}};
  in.task.env = {{.name = "KEPTN_STAGE", .value = "mine", .value_from = "string"},
                 {.name = "LABELS_APP", .value = "mine", .value_from = "string"}};

  EXPECT_EQ(in.At(Under(kContainer, "/env").c_str()).dump(),
            R"([{"name":"KEPTN_STAGE","value":"mine"},{"name":"LABELS_APP","value":"mine"},)"
            R"({"name":"KEPTN_PROJECT","value":"sockshop"},{"name":"KEPTN_STAGE","value":"dev"},)"
            R"({"name":"KEPTN_SERVICE","value":"carts"},{"name":"LABELS_APP","value":"label"}])");
}

TEST(BuildJob, SecretsAreReferredToAsAWhole) {
  Inputs in;
  EXPECT_TRUE(in.At(Under(kContainer, "/envFrom").c_str()).is_null());
  in.task.env = {{.name = "locust-secret", .value_from = "secret"}};

  EXPECT_EQ(in.At(Under(kContainer, "/envFrom").c_str()).dump(),
            R"([{"secretRef":{"name":"locust-secret"}}])");
}

struct DeadlineCase {
  std::optional<int64_t> max_poll;
  bool silent;
  int64_t max_poll_default;
  int64_t installation;
  std::optional<int64_t> deadline;
};

TEST(BuildJob, TheSmallerLimitIsTheDeadline) {
  const DeadlineCase kCases[] = {
      {std::nullopt, false, 300, 0, 300},
      {std::nullopt, false, 300, 30, 30},
      {std::nullopt, false, 300, 600, 300},
      {std::nullopt, true, 300, 0, std::nullopt},  // the default is not for silent actions
      {std::nullopt, true, 300, 600, 600},
      {std::nullopt, false, 0, 0, std::nullopt},
      {std::nullopt, false, -1, -5, std::nullopt},
      {1200, false, 300, 0, 1200},
      {1200, true, 300, 0, 1200},
      {1200, false, 300, 60, 60},
      {10, false, 300, 60, 10},
      {0, false, 300, 0, std::nullopt},
      {-1, false, 300, 0, std::nullopt},
      {0, false, 300, 60, 60},
      {INT64_MAX, false, 300, 0, INT32_MAX},  // in nanoseconds it would not fit into 64 bits
      {INT64_MAX, false, 300, INT64_MAX, INT32_MAX},
  };
  for (const DeadlineCase& c : kCases) {
    Inputs in;
    in.task.max_poll_duration = c.max_poll;
    in.action.silent = c.silent;
    in.defaults.max_poll_duration_seconds = c.max_poll_default;
    in.defaults.task_deadline_seconds = c.installation;
    EXPECT_EQ(DeadlineSeconds(in.defaults, in.action, in.task), c.deadline);
    EXPECT_EQ(in.At("/spec/activeDeadlineSeconds"), c.deadline ? Json(*c.deadline) : Json());
  }
}

TEST(TtlSeconds, HasAFloorAndADefault) {
  const std::pair<std::optional<int32_t>, int64_t> kCases[] = {
      {std::nullopt, 21600}, {600, 600}, {60, 60}, {59, 60}, {0, 60}, {-1, 60}};
  for (const auto& [ttl, seconds] : kCases) {
    EXPECT_EQ(TtlSeconds({.ttl_seconds_after_finished = ttl}), seconds);
  }
}

TEST(BuildJob, RefusesImagesThatAreNotAllowed) {
  Inputs in;
  in.defaults.allowed_images = *ImageAllowlist::Parse("busybox:*");

  const auto job = in.Build();

  EXPECT_THAT(job, StatusIs(absl::StatusCode::kPermissionDenied,
                            "Forbidden: Image alpine does not match configured image allowlist."));
  EXPECT_EQ(GetReason(job.status()), kImageNotAllowed);
}

TEST(CheckImages, LooksAtAllTasks) {
  JobDefaults defaults;
  defaults.allowed_images = *ImageAllowlist::Parse("busybox:*");
  Action action{.tasks = {{.image = "busybox:1"}, {.image = "busybox:2"}}};
  EXPECT_THAT(CheckImages(defaults, action), IsOk());

  action.tasks.push_back({.image = "alpine"});
  EXPECT_THAT(CheckImages(defaults, action),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("Image alpine")));
}

TEST(BuildJob, PrivilegedNeedsPermission) {
  Inputs in;
  in.task.security_context.privileged = true;

  const auto job = in.Build();

  EXPECT_THAT(job, StatusIs(absl::StatusCode::kPermissionDenied,
                            HasSubstr("privileged containers are not allowed")));
  EXPECT_EQ(GetReason(job.status()), kPrivilegedNotAllowed);

  in.defaults.allow_privileged = true;
  EXPECT_EQ(in.At(Under(kContainer, "/securityContext/privileged").c_str()), true);
}

TEST(BuildJob, ATaskMayTakeBackAPrivilegedDefault) {
  Inputs in;
  in.defaults.container_security_context["privileged"] = true;
  EXPECT_FALSE(in.Build().ok());

  in.task.security_context.privileged = false;
  EXPECT_THAT(in.Build(), IsOk());
}

TEST(BuildJob, ErrorsNameTaskAndField) {
  using Change = void (*)(Task&);
  const std::pair<Change, const char*> kCases[] = {
      {[](Task& t) { t.image = ""; }, "task 'T': image is missing"},
      {[](Task& t) {
         t.resources = Resources{.limits = {{"memory", "1Zi"}}};
       },
       "unable to create resource requirements for task T: unable to parse resource limits "
       "requirement: unable to parse memory quantity '1Zi'"},
      {[](Task& t) { t.env = {{.name = "X", .value_from = "nowhere"}}; },
       "could not prepare env for task 'T': could not add env with name X, unknown valueFrom "
       "nowhere"},
      {[](Task& t) { t.volume_size = "big"; }, "task 'T': volumeSize: \"big\" is no quantity"},
      {[](Task& t) { t.volume_size = "0"; }, "task 'T': volumeSize: it must be above zero"},
      {[](Task& t) { t.volume_size = "-1Gi"; }, "task 'T': volumeSize: it must be above zero"},
      {[](Task& t) {
         t.annotations = {{"a b", "c"}};
       },
       "task 'T': annotations: key \"a b\""},
      {[](Task& t) {
         t.annotations = {{"jobexec.dev/phase", "x"}};
       },
       "reserved"},
      {[](Task& t) {
         t.pod_annotations = {{"jobexec.dev/phase", "x"}};
       },
       "podAnnotations"},
      {[](Task& t) {
         t.pod_labels = {{"a", "b c"}};
       },
       "task 'T': podLabels: a: value \"b c\""},
      {[](Task& t) {
         t.image_pull_secrets = {"a", ""};
       },
       "task 'T': imagePullSecrets: a name is empty"},
      {[](Task& t) {
         t.files = {"a", "x/../../y"};
       },
       "task 'T': files: path \"x/../../y\""},
      {[](Task& t) { t.files = {""}; }, "task 'T': files: path \"\""},
      {[](Task& t) { t.queue = "b c"; }, "task 'T': queue: value \"b c\""},
  };
  for (const auto& [change, message] : kCases) {
    Inputs in;
    in.task.name = "T";
    change(in.task);
    const auto job = in.Build();
    EXPECT_THAT(job, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
    EXPECT_EQ(GetReason(job.status()), kJobInvalid);
  }
}

TEST(BuildJob, AVariableThatIsTooLargeKeepsItsReason) {
  Inputs in;
  in.task.env = {{.name = "X", .value = std::string(200'000, 'x'), .value_from = "string"}};

  const auto job = in.Build();

  EXPECT_THAT(job, StatusIs(absl::StatusCode::kInvalidArgument,
                            AllOf(HasSubstr("could not prepare env for task"),
                                  HasSubstr("variable X has 200003 bytes"))));
  EXPECT_EQ(GetReason(job.status()), kEnvTooLarge);
}

}  // namespace
}  // namespace jobexec::scheduler
