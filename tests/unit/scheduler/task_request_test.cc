#include "scheduler/task_request.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/base/status_details.h"
#include "common/cloudevents/event.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using jobexecutor::v1::RunTaskRequest;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RunTaskRequest Request() {
  RunTaskRequest request;
  request.set_request_id("nightly-1");
  request.mutable_spec()->set_name("backup");
  request.mutable_spec()->set_image("img:1");
  return request;
}

RunTaskRequest YamlRequest(const std::string& yaml) {
  RunTaskRequest request;
  request.set_request_id("r");
  request.set_task_yaml(yaml);
  return request;
}

const Task& TaskOf(const TaskSubmission& submission) {
  return submission.config.actions.at(0).tasks.at(0);
}

TEST(TaskRequest, IsAnEventWithTheRequestIdAsItsId) {
  RunTaskRequest request = Request();
  request.set_project("shop");
  request.set_stage("dev");
  request.set_service("cart");
  request.set_keptn_context("ctx");
  request.set_git_commit_id("c0ffee");
  request.set_data_json(R"({"version":"1.2"})");
  (*request.mutable_labels())["build"] = "17";

  const auto task = ReadTaskRequest(request);

  ASSERT_THAT(task, IsOk());
  const auto& event = task->submission.event();
  EXPECT_THAT(cloudevents::Validate(event), IsOk());
  EXPECT_EQ(event.id(), "nightly-1");
  EXPECT_EQ(event.source(), kTaskEventSource);
  EXPECT_EQ(event.type(), kTaskEventType);
  const auto document = cloudevents::ToDocument(event);
  ASSERT_THAT(document, IsOk());
  EXPECT_EQ((*document)["data"], nlohmann::json::parse(R"({"version": "1.2", "project": "shop",
      "stage": "dev", "service": "cart", "labels": {"build": "17"}})"));
  EXPECT_EQ((*document)["shkeptncontext"], "ctx");
  EXPECT_EQ((*document)["gitcommitid"], "c0ffee");
}

TEST(TaskRequest, TheSameRequestGivesTheSameEventAndConfig) {
  const auto first = ReadTaskRequest(Request());
  const auto again = ReadTaskRequest(Request());
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->submission.SerializeAsString(), again->submission.SerializeAsString());
  EXPECT_EQ(first->config.hash, again->config.hash);
}

TEST(TaskRequest, EveryTypedFieldReachesTheTask) {
  RunTaskRequest request = Request();
  auto& spec = *request.mutable_spec();
  spec.set_image_pull_policy("Never");
  spec.add_cmd("sh");
  spec.add_args("yes");
  auto& plain = *spec.add_env();
  plain.set_name("PLAIN");
  plain.set_value("a \"b\"\n\t\xC3\xA4: $(X)");
  auto& selected = *spec.add_env();
  selected.set_name("SELECTED");
  selected.set_event_path("$.data.x");
  selected.set_as("json");
  spec.add_env_secrets("credentials");
  spec.add_files("run.sh");
  spec.set_working_dir("/tmp");
  (*spec.mutable_resources()->mutable_limits())["cpu"] = "1";
  (*spec.mutable_resources()->mutable_requests())["memory"] = "64Mi";
  spec.set_max_poll_duration(-1);
  spec.set_namespace_("other");
  spec.set_service_account("");
  spec.set_ttl_seconds_after_finished(3600);
  spec.set_retries(2);
  spec.set_queue("batch");

  const auto submission = ReadTaskRequest(request);

  ASSERT_THAT(submission, IsOk());
  const Task& task = TaskOf(*submission);
  EXPECT_EQ(task.name, "backup");
  EXPECT_EQ(task.image, "img:1");
  EXPECT_EQ(task.image_pull_policy, "Never");
  EXPECT_THAT(task.cmd, ElementsAre("sh"));
  EXPECT_THAT(task.args, ElementsAre("yes"));
  ASSERT_THAT(task.env, SizeIs(3));
  EXPECT_EQ(task.env[0].value, "a \"b\"\n\t\xC3\xA4: $(X)");
  EXPECT_EQ(task.env[0].value_from, "string");
  EXPECT_EQ(task.env[1].value, "$.data.x");
  EXPECT_EQ(task.env[1].value_from, "event");
  EXPECT_EQ(task.env[1].as, "json");
  EXPECT_EQ(task.env[2].name, "credentials");
  EXPECT_EQ(task.env[2].value_from, "secret");
  EXPECT_THAT(task.files, ElementsAre("run.sh"));
  EXPECT_EQ(task.working_dir, "/tmp");
  EXPECT_EQ(task.resources->limits.at("cpu"), "1");
  EXPECT_EQ(task.resources->requests.at("memory"), "64Mi");
  EXPECT_EQ(task.max_poll_duration, -1);
  EXPECT_EQ(task.name_space, "other");
  EXPECT_EQ(task.service_account, "");
  EXPECT_EQ(task.ttl_seconds_after_finished, 3600);
  EXPECT_EQ(task.retries, 2);
  EXPECT_EQ(task.queue, "batch");
}

TEST(TaskRequest, FieldsThatAreNotSetAreAbsent) {
  const auto submission = ReadTaskRequest(Request());
  ASSERT_THAT(submission, IsOk());
  const Task& task = TaskOf(*submission);
  EXPECT_THAT(task.env, IsEmpty());
  EXPECT_FALSE(task.resources.has_value());
  EXPECT_FALSE(task.max_poll_duration.has_value());
  EXPECT_FALSE(task.service_account.has_value());
  EXPECT_FALSE(task.ttl_seconds_after_finished.has_value());
  EXPECT_FALSE(task.retries.has_value());
}

TEST(TaskRequest, ATaskMayComeAsYamlOrJson) {
  for (const char* text : {"name: t\nimage: i\ntolerations: [{key: gpu}]\n",
                           R"({"name": "t", "image": "i", "tolerations": [{"key": "gpu"}]})"}) {
    const auto submission = ReadTaskRequest(YamlRequest(text));
    ASSERT_THAT(submission, IsOk());
    EXPECT_EQ(TaskOf(*submission).tolerations, nlohmann::json::parse(R"([{"key": "gpu"}])"));
    EXPECT_EQ(submission->config.actions[0].name, "t");
  }
}

TEST(TaskRequest, OnlyATaskWithAnswersIsNotSilent) {
  RunTaskRequest request = Request();
  EXPECT_TRUE(ReadTaskRequest(request)->config.actions[0].silent);

  request.set_answer_type("sh.keptn.event.deployment");
  const auto task = ReadTaskRequest(request);
  ASSERT_THAT(task, IsOk());
  EXPECT_FALSE(task->config.actions[0].silent);
  EXPECT_EQ(task->submission.event().type(), "sh.keptn.event.deployment.triggered");
}

TEST(TaskRequest, AJobOutlivesTheRepeatsOfItsRequest) {
  RunTaskRequest request = Request();
  request.mutable_spec()->set_ttl_seconds_after_finished(0);
  EXPECT_EQ(TaskOf(*ReadTaskRequest(request)).ttl_seconds_after_finished, 900);
}

struct BadRequest {
  const char* what;
  RunTaskRequest request;
  const char* reason;
  const char* message;
};

template <typename Change>
RunTaskRequest With(Change change) {
  RunTaskRequest request = Request();
  change(request);
  return request;
}

std::vector<BadRequest> BadRequests() {
  return {
      {"no id", With([](auto& r) { r.clear_request_id(); }), "REQUEST_INVALID", "request_id"},
      {"no task", With([](auto& r) { r.clear_spec(); }), "REQUEST_INVALID", "spec or task_yaml"},
      {"no name", With([](auto& r) { r.mutable_spec()->clear_name(); }), "TASK_INVALID", "name"},
      {"negative retries", With([](auto& r) { r.mutable_spec()->set_retries(-1); }), "TASK_INVALID",
       "spec: retries is \"-1\", expected an integer from 0"},
      {"unknown resource",
       With([](auto& r) { (*r.mutable_spec()->mutable_resources()->mutable_limits())["x"] = "1"; }),
       "TASK_INVALID", "unknown resource \"x\""},
      {"yaml with a typo", YamlRequest("name: t\nimag: i\n"), "TASK_INVALID",
       "task_yaml:2:1: unknown field \"imag\""},
      {"yaml that is a list", YamlRequest("[]"), "TASK_INVALID", "the task is a list"},
      {"empty yaml", YamlRequest(""), "TASK_INVALID", "name"},
      {"broken data", With([](auto& r) { r.set_data_json("{"); }), "REQUEST_INVALID", "data_json"},
      {"data that is a list", With([](auto& r) { r.set_data_json("[1]"); }), "REQUEST_INVALID",
       "JSON object"},
      {"data that names a stage", With([](auto& r) { r.set_data_json(R"({"stage":"x"})"); }),
       "REQUEST_INVALID", "stage"},
      {"answer type with blanks", With([](auto& r) { r.set_answer_type("a b"); }),
       "REQUEST_INVALID", "answer_type"},
      {"answer type with an empty part", With([](auto& r) { r.set_answer_type("a..b"); }),
       "REQUEST_INVALID", "answer_type"},
      {"answer type of a sequence",
       With([](auto& r) { r.set_answer_type("sh.keptn.event.dev.delivery"); }), "REQUEST_INVALID",
       "sh.keptn.event.<task>"},
  };
}

TEST(TaskRequest, NamesWhatIsWrong) {
  for (const BadRequest& bad : BadRequests()) {
    SCOPED_TRACE(bad.what);
    const auto task = ReadTaskRequest(bad.request);
    EXPECT_THAT(task, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.message)));
    EXPECT_EQ(GetReason(task.status()), bad.reason);
  }
}

TEST(TaskRequest, NamesAllFaultsAtOnce) {
  EXPECT_THAT(ReadTaskRequest(YamlRequest("a: 1\nb: 2\n")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("task_yaml:1:1"), HasSubstr("task_yaml:2:1"))));
}

}  // namespace
}  // namespace jobexec::scheduler
