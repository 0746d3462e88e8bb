#include "reporter/job_view.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"
#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using testing::At;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::json;

// As a 1.34 API server shows a member of ours.
Json JobJson() {
  return Json::parse(R"({
    "metadata": {
      "name": "jes-3b86cd6bf79642a53842ee86-000-002-0a1b2c3d", "namespace": "jobs",
      "uid": "u1", "resourceVersion": "77", "creationTimestamp": "2023-11-14T22:13:20Z",
      "finalizers": ["foregroundDeletion", "jobexec.dev/answer"],
      "labels": {"jobexec.dev/event": "3b86cd6bf79642a53842ee86", "jobexec.dev/role": "member",
                 "jobexec.dev/plan": "0a1b2c3d", "jobexec.dev/installation": "jobexec"},
      "annotations": {"jobexec.dev/event-source": "src", "jobexec.dev/event-id": "event-1",
                      "jobexec.dev/event-type": "t.triggered", "jobexec.dev/phase": "released",
                      "jobexec.dev/ttl": "600"}},
    "spec": {"completions": 1, "parallelism": 1, "backoffLimit": 0, "activeDeadlineSeconds": 60},
    "status": {"startTime": "2023-11-14T22:13:25Z", "conditions": []}})");
}

Json Condition(const char* type, const char* status) {
  return {{"type", type},
          {"status", status},
          {"reason", "BackoffLimitExceeded"},
          {"message", "no more"},
          {"lastTransitionTime", "2023-11-14T22:13:30Z"}};
}

TEST(JobView, ReadsAJob) {
  const absl::StatusOr<JobView> view = ReadJobView(JobJson());

  ASSERT_THAT(view, IsOk());
  EXPECT_EQ(view->record.uid, "u1");
  EXPECT_EQ(view->record.answer_finalizer_index, 1);
  EXPECT_EQ(view->verdict, JobView::Verdict::kNone);
  EXPECT_TRUE(view->one_pod);
  EXPECT_TRUE(view->has_finalizers);
  EXPECT_EQ(view->deadline, absl::Seconds(60));
  EXPECT_EQ(view->start_time, At(5));
  EXPECT_EQ(view->end_time, absl::InfinitePast());
}

TEST(JobView, VerdictComesFromConditionsThatAreTrue) {
  const struct {
    const char* type;
    const char* status;
    JobView::Verdict verdict;
  } cases[] = {
      {"Complete", "True", JobView::Verdict::kPassed},
      {"SuccessCriteriaMet", "True", JobView::Verdict::kPassed},
      {"Failed", "True", JobView::Verdict::kFailed},
      {"FailureTarget", "True", JobView::Verdict::kFailed},
      {"Failed", "False", JobView::Verdict::kNone},
      {"Suspended", "True", JobView::Verdict::kNone},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.type);
    Json job = JobJson();
    job["status"]["conditions"].push_back(Condition("Suspended", "False"));
    job["status"]["conditions"].push_back(Condition(test.type, test.status));
    const absl::StatusOr<JobView> view = ReadJobView(job);
    ASSERT_THAT(view, IsOk());
    EXPECT_EQ(view->verdict, test.verdict);
    if (test.verdict != JobView::Verdict::kNone) {
      EXPECT_EQ(view->end_time, At(10));
    }
  }
}

TEST(JobView, OnlyAPlainJobIsDecidedByItsPod) {
  const std::pair<const char*, Json> shapes[] = {{"completions", 2},
                                                 {"parallelism", 2},
                                                 {"backoffLimit", 1},
                                                 {"podFailurePolicy", Json::object()},
                                                 {"successPolicy", Json::object()}};
  for (const auto& [field, value] : shapes) {
    Json job = JobJson();
    job["spec"][field] = value;
    EXPECT_FALSE(ReadJobView(job)->one_pod) << field;
  }
  Json unlimited = JobJson();
  unlimited["spec"].erase("backoffLimit");
  EXPECT_FALSE(ReadJobView(unlimited)->one_pod) << "Kubernetes' default is 6 retries";
}

TEST(JobView, KnowsTheContainerThatHandsOverAResult) {
  const auto container = [](const Json& fields) {
    Json job = JobJson();
    job["spec"]["template"]["spec"]["containers"] = {fields, {{"name", "sidecar"}}};
    return ReadJobView(job)->result_container;
  };

  EXPECT_EQ(container({{"name", "main"}, {"terminationMessagePolicy", "File"}}), "main");
  EXPECT_EQ(container({{"name", "main"}, {"terminationMessagePolicy", "FallbackToLogsOnError"}}),
            "");
  EXPECT_EQ(ReadJobView(JobJson())->result_container, "");
}

TEST(JobView, ForeignObjectsAreRefused) {
  Json job = JobJson();
  job["metadata"]["annotations"].erase("jobexec.dev/phase");
  EXPECT_THAT(ReadJobView(job), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("phase")));
  EXPECT_FALSE(ReadJobView(Json::array()).ok());
}

Json PodJson() {
  return Json::parse(R"({
    "metadata": {
      "name": "p", "namespace": "jobs", "uid": "pu", "resourceVersion": "8",
      "creationTimestamp": "2023-11-14T22:13:21Z",
      "labels": {"jobexec.dev/event": "3b86cd6bf79642a53842ee86"},
      "ownerReferences": [{"uid": "x"}, {"uid": "u1", "controller": true}]},
    "status": {
      "phase": "Failed",
      "conditions": [{"type": "PodScheduled", "status": "True"}],
      "initContainerStatuses": [{"name": "init", "state": {"terminated":
        {"exitCode": 0, "reason": "Completed", "finishedAt": "2023-11-14T22:13:22Z"}}}],
      "containerStatuses": [
        {"name": "main", "state": {"terminated":
          {"exitCode": 137, "reason": "OOMKilled", "message": "m",
           "finishedAt": "2023-11-14T22:13:29Z"}}},
        {"name": "side", "state": {"waiting":
          {"reason": "ErrImagePull", "message": "no such image"}}},
        {"name": "up", "state": {"running": {"startedAt": "2023-11-14T22:13:22Z"}}}]}})");
}

TEST(PodView, ReadsAPod) {
  const absl::StatusOr<PodView> pod = ReadPodView(PodJson());

  ASSERT_THAT(pod, IsOk());
  EXPECT_EQ(pod->owner_uid, "u1");
  EXPECT_EQ(pod->phase, PodView::Phase::kFailed);
  EXPECT_FALSE(pod->deleting);
  EXPECT_FALSE(pod->disrupted);
  EXPECT_EQ(pod->reason, "");
  ASSERT_THAT(pod->containers, SizeIs(4));
  EXPECT_TRUE(pod->containers[0].init);
  EXPECT_EQ(pod->containers[1].exit_code, 137);
  EXPECT_EQ(pod->containers[1].reason, "OOMKilled");
  EXPECT_EQ(pod->containers[1].finish_time, At(9));
  EXPECT_EQ(pod->containers[2].state, ContainerView::State::kWaiting);
  EXPECT_EQ(pod->containers[2].message, "no such image");
  EXPECT_EQ(pod->containers[3].state, ContainerView::State::kRunning);
}

TEST(PodView, SeesWhatMakesItsPhaseWorthless) {
  Json deleting = PodJson();
  deleting["metadata"]["deletionTimestamp"] = "2023-11-14T22:13:30Z";
  EXPECT_TRUE(ReadPodView(deleting)->deleting);
  Json disrupted = PodJson();
  disrupted["status"]["conditions"] = {{{"type", "DisruptionTarget"}, {"status", "True"}}};
  EXPECT_TRUE(ReadPodView(disrupted)->disrupted);
}

TEST(PodView, SaysWhyItCannotBePlaced) {
  Json pod = PodJson();
  pod["status"]["conditions"] = {{{"type", "PodScheduled"},
                                  {"status", "False"},
                                  {"reason", "Unschedulable"},
                                  {"message", "0/1 nodes"}}};
  EXPECT_EQ(ReadPodView(pod)->reason, "Unschedulable");
  EXPECT_EQ(ReadPodView(pod)->message, "0/1 nodes");
}

TEST(PodView, ForeignPodsAreRefused) {
  Json pod = PodJson();
  pod["metadata"]["labels"] = Json::object();
  EXPECT_THAT(ReadPodView(pod), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("label")));
}

}  // namespace
}  // namespace jobexec::reporter
