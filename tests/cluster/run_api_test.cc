// What other tools do with the gRPC APIs: run a task, follow its log, cancel; with real pods.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "common/rpc/status.h"
#include "common/runs/schema.h"
#include "jobexecutor/v1/reporter.grpc.pb.h"
#include "jobexecutor/v1/scheduler.grpc.pb.h"
#include "tests/cluster/installation.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::testing::Installation;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::kClusterPatience;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::StatusIs;
using ::nlohmann::json;
using ::testing::_;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
namespace pb = ::jobexecutor::v1;

constexpr char kImage[] = "jobexec.local/busybox:1";
constexpr char kType[] = "sh.keptn.event.hello.triggered";
constexpr char kContext[] = "c0ffee00-0000-4000-8000-000000000000";  // of every posted event
constexpr char kSlowChain[] = R"(
apiVersion: v2
actions:
  - name: Chain
    events: [{name: hello}]
    tasks:
      - {name: slow, image: "jobexec.local/busybox:1", cmd: [sh, -c, "echo half-done; sleep 600"]}
      - {name: next, image: "jobexec.local/busybox:1", cmd: [echo, never]}
)";

class RunApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto installation = Installation::Start({});
    ASSERT_THAT(installation, IsOk());
    installation_ = *std::move(installation);
    scheduler_ = pb::Scheduler::NewStub(rpc::CreateChannel(installation_->scheduler_address()));
    reporter_ = pb::Reporter::NewStub(rpc::CreateChannel(installation_->reporter_address()));
  }

  static pb::RunTaskRequest Task(const std::string& id, const std::string& script) {
    pb::RunTaskRequest request;
    request.set_request_id(id);
    request.mutable_spec()->set_name("job");
    request.mutable_spec()->set_image(kImage);
    for (const char* word : {"sh", "-c"}) request.mutable_spec()->add_cmd(word);
    request.mutable_spec()->add_cmd(script);
    return request;
  }
  pb::RunTaskResponse Run(const pb::RunTaskRequest& request) {
    grpc::ClientContext context;
    pb::RunTaskResponse response;
    EXPECT_THAT(rpc::FromGrpc(scheduler_->RunTask(&context, request, &response)), IsOk());
    return response;
  }
  absl::Status Cancel(const pb::CancelRunsRequest& request) {
    grpc::ClientContext context;
    return rpc::FromGrpc(scheduler_->CancelRuns(&context, request, &cancelled_));
  }
  // Everything that StreamLogs gives; notes in brackets.
  std::string Logs(const std::string& run, bool follow) {
    grpc::ClientContext context;
    pb::StreamLogsRequest request;
    request.set_run(run);
    request.set_follow(follow);
    const auto reader = reporter_->StreamLogs(&context, request);
    std::string text;
    pb::StreamLogsResponse response;
    while (reader->Read(&response)) {
      absl::StrAppend(&text, response.data(),
                      response.note().empty() ? "" : absl::StrCat("[", response.note(), "]"));
    }
    EXPECT_THAT(rpc::FromGrpc(reader->Finish()), IsOk());
    return text;
  }
  pb::Run GetRun(const std::string& name) {
    grpc::ClientContext context;
    pb::GetRunRequest request;
    request.set_name(name);
    pb::GetRunResponse response;
    (void)reporter_->GetRun(&context, request, &response);
    return response.run();
  }
  bool Reaches(const std::string& run, pb::Run::State state) {
    return PollUntil([&] { return GetRun(run).state() == state; }, kClusterPatience);
  }
  // Posts an event of the slow chain and waits until its first container has written something.
  std::string StartChain(const std::string& id) {
    const auto response = installation_->PostEvent(id, kType);
    EXPECT_THAT(response, IsOk());
    EXPECT_TRUE(PollUntil([&] { return !RunOfEvent(id).empty(); }, kClusterPatience));
    const std::string run = RunOfEvent(id);
    EXPECT_TRUE(PollUntil([&] { return Logs(run, false).find("half-done") != std::string::npos; },
                          kClusterPatience));
    return run;
  }
  std::string RunOfEvent(const std::string& id) {
    grpc::ClientContext context;
    pb::ListRunsRequest request;
    request.mutable_filter()->set_event_id(id);
    pb::ListRunsResponse response;
    (void)reporter_->ListRuns(&context, request, &response);
    return response.runs().empty() ? "" : response.runs(0).name();
  }
  void ExpectCancelledAnswer(const std::string& id, const std::string& who) {
    const auto finished = installation_->sink().WaitForAnswer(id, "finished", kClusterPatience);
    ASSERT_THAT(finished, IsOk());
    EXPECT_EQ((*finished)["data"]["status"], "errored");
    EXPECT_EQ((*finished)["data"]["result"], "fail");
    EXPECT_THAT((*finished)["data"]["message"].get<std::string>(),
                AllOf(HasSubstr(who), HasSubstr("half-done"), Not(HasSubstr("never\n"))));
    // No pod of it runs any more, and the task that had not begun is gone.
    const auto is_over = [&] {
      const std::vector<json> jobs = installation_->Jobs(id);
      return jobs.size() == 1 && !jobs[0]["status"].contains("active") &&
             jobs[0]["status"].contains("conditions");
    };
    EXPECT_TRUE(PollUntil(is_over, kClusterPatience));
    EXPECT_THAT(installation_->sink().Answers(id, "finished"), SizeIs(1));
    EXPECT_THAT(installation_->sink().Answers(id, "started"), SizeIs(1));
  }

  std::unique_ptr<Installation> installation_;
  std::unique_ptr<pb::Scheduler::Stub> scheduler_;
  std::unique_ptr<pb::Reporter::Stub> reporter_;
  pb::CancelRunsResponse cancelled_;
};

TEST_F(RunApiTest, ATaskRunsOnceAndItsLogIsFollowed) {
  const auto request = Task("nightly", "for i in 1 2 3; do echo line-$i; sleep 1; done");
  const pb::RunTaskResponse first = Run(request);
  const pb::RunTaskResponse again = Run(request);

  EXPECT_FALSE(first.already_known());
  EXPECT_TRUE(again.already_known());
  EXPECT_EQ(first.job(), again.job());
  EXPECT_TRUE(PollUntil([&] { return !GetRun(first.run()).name().empty(); }, kClusterPatience));
  EXPECT_EQ(Logs(first.run(), true), "line-1\nline-2\nline-3\n");
  EXPECT_TRUE(Reaches(first.run(), pb::Run::STATE_PASSED));
  EXPECT_EQ(GetRun(first.run()).answered(), "none");
  EXPECT_EQ(Logs(first.run(), false), "line-1\nline-2\nline-3\n");
  EXPECT_THAT(installation_->Jobs("nightly"), SizeIs(1));
  EXPECT_THAT(installation_->sink().Answers("nightly", "finished"), SizeIs(0));
}

TEST_F(RunApiTest, ATaskThatAsksForAnswersGetsThem) {
  auto request = Task("answered", "echo $KEPTN_STAGE $LABELS_BUILD $VERSION");
  request.set_project("shop");
  request.set_stage("dev");
  request.set_service("cart");
  request.set_answer_type("sh.keptn.event.backup");
  request.set_data_json(R"({"version": "1.2"})");
  (*request.mutable_labels())["build"] = "17";
  auto& variable = *request.mutable_spec()->add_env();
  variable.set_name("VERSION");
  variable.set_event_path("$.data.version");
  Run(request);

  const auto finished =
      installation_->sink().WaitForAnswer("answered", "finished", kClusterPatience);
  ASSERT_THAT(finished, IsOk());
  EXPECT_EQ((*finished)["type"], "sh.keptn.event.backup.finished");
  EXPECT_EQ((*finished)["data"]["result"], "pass");
  EXPECT_THAT((*finished)["data"]["message"].get<std::string>(), HasSubstr("dev 17 1.2"));
}

TEST_F(RunApiTest, ACancelledTaskIsStoppedAndItsLogKept) {
  const pb::RunTaskResponse task =
      Run(Task("endless", "trap exit TERM; echo first-words; sleep 600 & wait"));
  EXPECT_TRUE(PollUntil([&] { return !GetRun(task.run()).name().empty(); }, kClusterPatience));
  EXPECT_TRUE(
      PollUntil([&] { return Logs(task.run(), false).find("first-words") != std::string::npos; },
                kClusterPatience));

  pb::CancelRunsRequest request;
  request.set_run(task.run());
  request.set_requested_by("alice");
  request.set_reason("not needed");
  ASSERT_THAT(Cancel(request), IsOk());
  EXPECT_EQ(cancelled_.events(0).result(), pb::CancelledEvent::RESULT_MARKED);

  EXPECT_TRUE(Reaches(task.run(), pb::Run::STATE_FAILED));
  EXPECT_EQ(GetRun(task.run()).cancelled(), "cancelled by alice: not needed");
  const auto pod_is_gone = [&] {
    const auto pods =
        installation_->kube().List(kube::Pods(installation_->name_space()), {}, absl::Seconds(30));
    return pods.ok() && (*pods)["items"].empty();
  };
  EXPECT_TRUE(PollUntil(pod_is_gone, kClusterPatience));
  EXPECT_THAT(Logs(task.run(), true), AllOf(HasSubstr("alice"), HasSubstr("first-words")));
}

TEST_F(RunApiTest, AnEventIsCancelledByItsId) {
  installation_->WriteConfig(kSlowChain);
  const std::string run = StartChain("doomed");
  pb::CancelRunsRequest request;
  request.mutable_event()->set_source("test");
  request.mutable_event()->set_id("doomed");
  request.set_requested_by("bob");
  ASSERT_THAT(Cancel(request), IsOk());
  ASSERT_EQ(cancelled_.events_size(), 1);
  EXPECT_EQ(cancelled_.events(0).runs(0), run);

  ExpectCancelledAnswer("doomed", "cancelled by bob");

  ASSERT_THAT(Cancel(request), IsOk());
  EXPECT_EQ(cancelled_.events(0).result(), pb::CancelledEvent::RESULT_ALREADY_CANCELLED);
  request.mutable_event()->set_id("nobody");
  EXPECT_THAT(Cancel(request), StatusIs(absl::StatusCode::kNotFound, _));
}

TEST_F(RunApiTest, AContextIsCancelledWhoeverReports) {
  installation_->WriteConfig(kSlowChain);
  StartChain("one");
  StartChain("two");
  EXPECT_THAT(installation_->reporter().Stop(SIGKILL, kClusterPatience), IsOk());
  pb::CancelRunsRequest request;
  request.set_keptn_context(kContext);
  request.set_reason("sequence aborted");
  ASSERT_THAT(Cancel(request), IsOk());
  EXPECT_EQ(cancelled_.events_size(), 2);

  ASSERT_THAT(installation_->StartReporter(), IsOk());
  ExpectCancelledAnswer("one", "sequence aborted");
  ExpectCancelledAnswer("two", "sequence aborted");
}

}  // namespace
}  // namespace jobexec
