// What happens to good events, from the CloudEvent to the answers, with real pods.
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
using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kHello[] = R"(
apiVersion: v2
actions:
  - name: Greet
    events: [{name: sh.keptn.event.hello.triggered}]
    tasks:
      - name: Say hello
        files: [scripts/hello.sh]
        image: jobexec.local/busybox:1
        cmd: [sh, -c, "ls -l /keptn/scripts && /keptn/scripts/hello.sh"]
        env: [{name: WHO, value: $.data.who, valueFrom: event}]
)";
constexpr char kType[] = "sh.keptn.event.hello.triggered";

// Outputs of the tasks, as positions in the message.
size_t Position(const json& finished, const std::string& text) {
  return json::string_t(finished["data"]["message"]).find(text);
}

class EventsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto installation = Installation::Start({});
    ASSERT_THAT(installation, IsOk());
    installation_ = *std::move(installation);
    installation_->WriteFile("scripts/hello.sh",
                             "#!/bin/sh\necho \"Hello $WHO in $KEPTN_STAGE\"\n");
    installation_->WriteConfig(kHello);
  }
  json AwaitAnswer(const std::string& id, const std::string& kind) {
    auto answer = installation_->sink().WaitForAnswer(id, kind, kClusterPatience);
    EXPECT_THAT(answer, IsOk());
    return answer.ok() ? *answer : json();
  }
  json PostEvent(const std::string& id, const std::string& type, const json& data = {}) {
    const auto response = installation_->PostEvent(id, type, data);
    EXPECT_THAT(response, IsOk());
    if (!response.ok()) return {};
    EXPECT_EQ(response->status, 202) << response->body;
    return json::parse(response->body, nullptr, false);
  }

  std::unique_ptr<Installation> installation_;
};

TEST_F(EventsTest, OneTaskRunsAndIsAnswered) {
  const json outcome = PostEvent("one", kType, {{"who", "world"}, {"labels", {{"build", "42"}}}});
  EXPECT_EQ(outcome["outcome"], "accepted");
  EXPECT_THAT(outcome["runs"], SizeIs(1));

  const json started = AwaitAnswer("one", "started");
  const json finished = AwaitAnswer("one", "finished");

  EXPECT_EQ(started["type"], "sh.keptn.event.hello.started");
  EXPECT_EQ(started["data"]["project"], "shop");
  EXPECT_EQ(finished["type"], "sh.keptn.event.hello.finished");
  EXPECT_EQ(finished["data"]["status"], "succeeded");
  EXPECT_EQ(finished["data"]["result"], "pass");
  EXPECT_EQ(finished["data"]["labels"]["build"], "42");
  EXPECT_EQ(finished["shkeptncontext"], "c0ffee00-0000-4000-8000-000000000000");
  EXPECT_THAT(finished["data"]["message"].get<std::string>(), HasSubstr("Hello world in dev"));
  EXPECT_THAT(finished["data"]["message"].get<std::string>(), HasSubstr("-rwxr-xr-x"));
  EXPECT_NE(started["id"], finished["id"]);
}

TEST_F(EventsTest, ThreeTasksRunInOrder) {
  installation_->WriteConfig(R"(
apiVersion: v2
actions:
  - name: Chain
    events: [{name: sh.keptn.event.hello.triggered}]
    tasks:
      - {name: one, image: "jobexec.local/busybox:1", cmd: [sh, -c, "sleep 1; echo output-of-one; date +%s"]}
      - {name: two, image: "jobexec.local/busybox:1", cmd: [sh, -c, "echo output-of-two"]}
      - {name: three, image: "jobexec.local/busybox:1", cmd: [sh, -c, "echo output-of-three"]}
)");
  const json outcome = PostEvent("chain", kType);
  EXPECT_THAT(outcome["runs"][0]["jobs"], SizeIs(3));

  const json finished = AwaitAnswer("chain", "finished");

  EXPECT_EQ(finished["data"]["result"], "pass");
  EXPECT_LT(Position(finished, "output-of-one"), Position(finished, "output-of-two"));
  EXPECT_LT(Position(finished, "output-of-two"), Position(finished, "output-of-three"));
  EXPECT_NE(Position(finished, "output-of-three"), std::string::npos);
  // Each Job started only after the one before it had completed.
  std::map<std::string, json> by_task;
  for (const json& job : installation_->Jobs("chain")) {
    by_task[job["metadata"]["labels"]["keptn.sh/jes-task"]] = job["status"];
  }
  ASSERT_EQ(by_task.size(), 3);
  EXPECT_LE(by_task["one"]["startTime"], by_task["two"]["startTime"]);
  EXPECT_LE(by_task["two"]["startTime"], by_task["three"]["startTime"]);
}

TEST_F(EventsTest, TwoMatchingActionsRunAndAreAnsweredOnce) {
  installation_->WriteConfig(R"(
apiVersion: v2
actions:
  - name: First
    events: [{name: sh.keptn.event.hello.triggered}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", cmd: [echo, from-first]}]
  - name: Second
    events: [{name: hello}]
    tasks: [{name: two, image: "jobexec.local/busybox:1", cmd: [echo, from-second]}]
)");
  PostEvent("both", kType);

  const json finished = AwaitAnswer("both", "finished");

  EXPECT_LT(Position(finished, "from-first"), Position(finished, "from-second"));
  EXPECT_NE(Position(finished, "from-second"), std::string::npos);
  EXPECT_THAT(installation_->sink().Answers("both", "started"), SizeIs(1));
  EXPECT_THAT(installation_->sink().Answers("both", "finished"), SizeIs(1));
}

TEST_F(EventsTest, ASilentActionRunsWithoutAnyAnswer) {
  installation_->WriteConfig(R"(
apiVersion: v2
actions:
  - name: Quiet
    silent: true
    events: [{name: sh.keptn.event.hello.triggered}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", cmd: [echo, quiet]}]
  - name: Loud
    events: [{name: sh.keptn.event.loud.triggered}]
    tasks: [{name: one, image: "jobexec.local/busybox:1", cmd: [echo, loud]}]
)");
  PostEvent("quiet", kType);
  PostEvent("loud", "sh.keptn.event.loud.triggered");

  // The answer to the later event shows that one to the earlier would have come by now.
  AwaitAnswer("loud", "finished");
  EXPECT_THAT(installation_->Jobs("quiet"), SizeIs(1));
  EXPECT_THAT(installation_->sink().Answers("quiet", "started"), IsEmpty());
  EXPECT_THAT(installation_->sink().Answers("quiet", "finished"), IsEmpty());
}

TEST_F(EventsTest, AnEventThatNothingMatchesIsIgnored) {
  const json outcome = PostEvent("other", "sh.keptn.event.other.triggered");

  EXPECT_EQ(outcome["outcome"], "ignored");
  EXPECT_THAT(outcome["reason"].get<std::string>(), HasSubstr("no action"));
  EXPECT_THAT(installation_->Jobs(), IsEmpty());
}

TEST_F(EventsTest, BinaryModeAndABatchRunToo) {
  const auto binary = installation_->Post(
      "application/json", R"({"project":"shop","stage":"dev","service":"cart","who":"binary"})",
      {{"ce-specversion", "1.0"}, {"ce-id", "bin"}, {"ce-source", "test"}, {"ce-type", kType}});
  ASSERT_THAT(binary, IsOk());
  EXPECT_EQ(binary->status, 202) << binary->body;
  const json batch = {Installation::MakeEvent("b1", kType, {{"who", "batch-one"}}),
                      Installation::MakeEvent("b2", kType, {{"who", "batch-two"}})};
  const auto posted = installation_->Post("application/cloudevents-batch+json", batch.dump());
  ASSERT_THAT(posted, IsOk());
  EXPECT_EQ(posted->status, 202) << posted->body;
  EXPECT_THAT(json::parse(posted->body)["outcomes"], SizeIs(2));

  EXPECT_NE(Position(AwaitAnswer("bin", "finished"), "Hello binary"), std::string::npos);
  EXPECT_NE(Position(AwaitAnswer("b1", "finished"), "Hello batch-one"), std::string::npos);
  EXPECT_NE(Position(AwaitAnswer("b2", "finished"), "Hello batch-two"), std::string::npos);
}

TEST_F(EventsTest, AnAnsweredEventLeavesNothingThatHoldsIt) {
  PostEvent("clean", kType, {{"who", "x"}});
  AwaitAnswer("clean", "finished");

  const auto let_go = [this] {
    const auto jobs = installation_->Jobs("clean");
    return jobs.size() == 1 && !jobs[0]["metadata"].contains("finalizers") &&
           jobs[0]["spec"].contains("ttlSecondsAfterFinished");
  };
  EXPECT_TRUE(testing::PollUntil(let_go, kClusterPatience));
}

}  // namespace
}  // namespace jobexec
