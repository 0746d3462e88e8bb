// What a task may say about its outcome beyond an exit code, with real pods: result files,
// warnings, new attempts, several pods, queues, and the words of an init container. The events of a
// test run at the same time, so that it takes no longer than its slowest one.
#include <gmock/gmock.h>

#include "common/json/json.h"
#include "common/runs/schema.h"
#include "tests/cluster/installation.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::testing::Installation;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::kClusterPatience;
using ::jobexec::testing::PollUntil;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr absl::Duration kCall = absl::Seconds(30);

class TaskOptionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto installation = Installation::Start({});
    ASSERT_THAT(installation, IsOk());
    installation_ = *std::move(installation);
  }
  // Posts an event of the type for Keptn's task `name`, with that as its id.
  void Trigger(const std::string& name) {
    const auto response =
        installation_->PostEvent(name, "sh.keptn.event." + name + ".triggered", {});
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->status, 202) << response->body;
  }
  // The data of its answer.
  json Finished(const std::string& name) {
    const auto finished = installation_->sink().WaitForAnswer(name, "finished", kClusterPatience);
    EXPECT_THAT(finished, IsOk());
    return finished.ok() ? (*finished)["data"] : json::object();
  }
  static std::string Message(const json& data) { return jobexec::json::GetString(data, "message"); }

  std::unique_ptr<Installation> installation_;
};

TEST_F(TaskOptionsTest, ResultFilesReachTheAnswer) {
  installation_->WriteConfig(R"(
apiVersion: v2
actions:
  - name: Deploy
    events: [{name: deploy.triggered}]
    tasks:
      - name: one
        image: "jobexec.local/busybox:1"
        cmd: [sh, -c]
        args: ["printf '{\"url\":\"http://%s.%s\",\"replicas\":2}' $KEPTN_SERVICE $KEPTN_STAGE > /keptn/result.json"]
        resultFile: /keptn/result.json
      - name: two
        image: "jobexec.local/busybox:1"
        cmd: [sh, -c]
        args: ["echo '{\"replicas\":3,\"zone\":\"b\"}' > /dev/termination-log"]
        resultFile: /dev/termination-log
  - name: Fail
    events: [{name: check.triggered}]
    tasks:
      - name: one
        image: "jobexec.local/busybox:1"
        cmd: [sh, -c, "echo '{\"errors\":7}' > /keptn/result.json; exit 3"]
        resultFile: /keptn/result.json
  - name: Too large
    events: [{name: large.triggered}]
    tasks:
      - name: one
        image: "jobexec.local/busybox:1"
        cmd: [sh, -c, "{ printf '{\"text\":\"'; head -c 5000 /dev/zero | tr '\\0' x; printf '\"}'; } > /keptn/result.json"]
        resultFile: /keptn/result.json
)");
  for (const char* name : {"deploy", "check", "large"}) Trigger(name);

  const json deploy = Finished("deploy");
  EXPECT_EQ(deploy["result"], "pass");
  EXPECT_EQ(deploy["deploy"], json({{"url", "http://cart.dev"}, {"replicas", 2}, {"zone", "b"}}));
  EXPECT_THAT(Message(deploy), HasSubstr("Keys of the result file ignored: replicas (set before)"));
  const json check = Finished("check");
  EXPECT_EQ(check["result"], "fail");
  EXPECT_EQ(check["check"], json({{"errors", 7}}));
  const json large = Finished("large");
  EXPECT_EQ(large["result"], "pass");
  EXPECT_FALSE(large.contains("large"));
  EXPECT_THAT(Message(large), HasSubstr("larger than 4096 bytes"));
}

TEST_F(TaskOptionsTest, WarningsAttemptsAndSeveralPods) {
  const kube::Collection secrets = {"/api/v1", installation_->name_space(), "secrets"};
  const json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", {{"name", "verdict"}}},
                       {"stringData", {{"VERDICT", "3"}}}};
  ASSERT_THAT(installation_->kube().Create(secrets, secret.dump(), kCall), IsOk());
  installation_->WriteConfig(R"(
apiVersion: v2
actions:
  - name: Warn
    events: [{name: warn.triggered}]
    tasks:
      - {name: one, image: "jobexec.local/busybox:1", cmd: [sh, -c, "echo output-of-one; exit 3"], onError: warn}
      - {name: two, image: "jobexec.local/busybox:1", cmd: [echo, output-of-two]}
  - name: Second attempt
    events: [{name: attempts.triggered}]
    tasks:
      - name: one
        image: "jobexec.local/busybox:1"
        cmd: [sh, -c, "echo verdict-$VERDICT; exit $VERDICT"]
        env: [{name: verdict, valueFrom: secret}]
        retries: 1
  - name: Several pods
    events: [{name: several.triggered}]
    tasks:
      - name: one
        image: "jobexec.local/busybox:1"
        cmd: [sh, -c, "echo output-of-$HOSTNAME; echo \"{\\\"$HOSTNAME\\\":1}\" > /keptn/result.json"]
        resultFile: /keptn/result.json
        parallelism: 2
        completions: 3
)");
  Trigger("attempts");
  Trigger("warn");
  Trigger("several");
  // The first attempt has failed: the next one, ten seconds later, shall pass.
  const auto both_failed = [this] {
    const auto pods = installation_->kube().List(kube::Pods(installation_->name_space()),
                                                 {.field_selector = "status.phase=Failed"}, kCall);
    return pods.ok() && (*pods)["items"].size() >= 2;
  };
  ASSERT_TRUE(PollUntil(both_failed, kClusterPatience)) << "the warning and the first attempt";
  const json passes = {{{"op", "replace"}, {"path", "/data/VERDICT"}, {"value", "MA=="}}};
  ASSERT_THAT(installation_->kube().Patch(secrets, "verdict", passes, kCall), IsOk());

  const json warn = Finished("warn");
  EXPECT_EQ(warn["result"], "warning");
  EXPECT_EQ(warn["status"], "succeeded");
  EXPECT_THAT(Message(warn),
              AllOf(HasSubstr("Task 'one' failed (only a warning)"), HasSubstr("output-of-one"),
                    HasSubstr("Task 'two' finished successfully!"), HasSubstr("output-of-two")));
  const json several = Finished("several");
  EXPECT_EQ(several["result"], "pass");
  EXPECT_THAT(several["several"], SizeIs(3));
  for (const auto& [pod, unused] : several["several"].items()) {
    EXPECT_THAT(Message(several), HasSubstr("output-of-" + pod));
  }
  const json attempts = Finished("attempts");
  EXPECT_EQ(attempts["result"], "pass");
  EXPECT_THAT(Message(attempts), AllOf(StartsWith("Task 'one' finished successfully!"),
                                       HasSubstr("verdict-3"), HasSubstr("verdict-0")));
}

// Nobody here admits queued Jobs: the test does.
TEST_F(TaskOptionsTest, AQueuedTaskWaitsForItsQueue) {
  installation_->WriteConfig(R"(
apiVersion: v2
actions:
  - name: Queued
    events: [{name: queued.triggered}]
    tasks:
      - {name: one, image: "jobexec.local/busybox:1", cmd: [echo, output-of-one]}
      - {name: two, image: "jobexec.local/busybox:1", cmd: [echo, output-of-two], queue: team-a}
)");
  Trigger("queued");
  json second;
  const auto is_queued = [&] {
    for (const json& job : installation_->Jobs("queued")) {
      const json& labels = job["metadata"]["labels"];
      if (!labels.contains("kueue.x-k8s.io/queue-name")) continue;
      second = job;
      return true;
    }
    return false;
  };
  ASSERT_TRUE(PollUntil(is_queued, kClusterPatience));
  EXPECT_EQ(second["metadata"]["labels"]["kueue.x-k8s.io/queue-name"], "team-a");
  EXPECT_EQ(second["metadata"]["labels"]["keptn.sh/jes-task"], "two");
  EXPECT_EQ(second["spec"]["suspend"], true);

  const json admit = {{{"op", "replace"}, {"path", "/spec/suspend"}, {"value", false}}};
  ASSERT_THAT(installation_->kube().Patch(kube::Jobs(installation_->name_space()),
                                          jobexec::json::GetString(second["metadata"], "name"),
                                          admit, kCall),
              IsOk());
  const json queued = Finished("queued");
  EXPECT_EQ(queued["result"], "pass");
  EXPECT_THAT(Message(queued), HasSubstr("output-of-two"));
}

TEST_F(TaskOptionsTest, FailuresBeforeTheTaskSayWhatToMend) {
  installation_->WriteConfig(R"(
apiVersion: v2
actions:
  - name: No files
    events: [{name: files.triggered}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", cmd: [echo, never], files: [nope/]}]
  - name: No account
    events: [{name: account.triggered}]
    tasks:
      - {name: one, image: "jobexec.local/busybox:1", cmd: [echo, never], serviceAccount: nobody, maxPollDuration: 3}
)");
  Trigger("files");
  Trigger("account");

  // The first line has the init container's last one.
  const std::string files = Message(Finished("files"));
  EXPECT_THAT(files.substr(0, files.find('\n')),
              AllOf(HasSubstr("Task 'one' failed"), HasSubstr("exited with code 1"),
                    HasSubstr("jobexec-init: cannot fetch the task's files"),
                    HasSubstr("\"nope/\" is on no level (service cart, stage dev, project shop)")));
  EXPECT_THAT(Message(Finished("account")), AllOf(HasSubstr("deadline exceeded (limit 3s)"),
                                                  HasSubstr("FailedCreate"), HasSubstr("nobody")));
}

}  // namespace
}  // namespace jobexec
