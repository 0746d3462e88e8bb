#include "reporter/logs.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "reporter/log_text.h"
#include "tests/support/fake_kube_client.h"
#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace testing;  // NOLINT: builders of this folder

constexpr size_t kLimit = 10'000;

class LogsTest : public ::testing::Test {
 protected:
  std::string Collect(const JobView& job, std::vector<PodView> pods, size_t limit = kLimit) {
    const EventState state = Fold(Snapshot({job}, std::move(pods)));
    return LogCollector(kube_).Collect(state.runs[0].tasks[0], limit);
  }
  void SetLog(const PodView& pod, const std::string& container, const std::string& text) {
    kube_.SetLog("jobs", pod.name, container, text);
  }
  void AddEvent(const char* kind, const std::string& name, const std::string& uid,
                const char* reason, const char* message) {
    kube_.Put(kube::Events("jobs"),
              {{"metadata", {{"name", absl::StrCat("event-", ++events_)}}},
               {"involvedObject", {{"kind", kind}, {"name", name}, {"uid", uid}}},
               {"reason", reason},
               {"message", message}});
  }

  jobexec::testing::FakeKubeClient kube_;
  int events_ = 0;
};

JobView Job() { return Anchor({Entry(0, 1)}); }

PodView WithFailedInit(PodView pod) {
  pod.phase = PodView::Phase::kFailed;
  pod.containers[0].state = ContainerView::State::kWaiting;
  pod.containers[0].reason = "PodInitializing";
  pod.containers.insert(pod.containers.begin(), {.name = "init",
                                                 .init = true,
                                                 .state = ContainerView::State::kTerminated,
                                                 .exit_code = 1,
                                                 .reason = "Error",
                                                 .message = "jobexec-init: no such file\n"});
  return pod;
}

TEST_F(LogsTest, OfASuccessAreTheContainersWithoutInit) {
  PodView pod = Ended(Pod(Job()), 0);
  pod.containers.insert(pod.containers.begin(), {.name = "init",
                                                 .init = true,
                                                 .state = ContainerView::State::kTerminated,
                                                 .reason = "Completed"});
  SetLog(pod, "init", "fetched\n");
  SetLog(pod, "main", "hello\n");

  EXPECT_EQ(Collect(Job(), {pod}),
            absl::StrCat("Container main of pod ", pod.name, ":\nhello\n\n\n"));
  EXPECT_EQ(kube_.Count("list"), 0);
}

TEST_F(LogsTest, OfAFailedInitContainerAreShown) {
  const PodView pod = WithFailedInit(Pod(Job()));
  SetLog(pod, "init", "{\"level\":\"warning\"}\njobexec-init: no such file\n");

  EXPECT_EQ(Collect(Job(), {pod}),
            absl::StrCat("Container init of pod ", pod.name,
                         " terminated with an error (Reason: Error, ExitCode: 1):\n"
                         "{\"level\":\"warning\"}\njobexec-init: no such file\n\n\n"));
}

// What a container wrote into its termination message, or the end of its log if that is gone.
TEST_F(LogsTest, AMessageThatTheLogDoesNotHaveIsShown) {
  PodView pod = Ended(Pod(Job()), 3);
  pod.containers[0].message = "disk full";
  SetLog(pod, "main", "working\n");
  EXPECT_THAT(Collect(Job(), {pod}), HasSubstr("(Reason: Error, Message: disk full):\nworking"));

  kube_.FailNext("log", absl::NotFoundError("pod is gone"));
  EXPECT_THAT(Collect(Job(), {pod}),
              HasSubstr("Message: disk full):\nUnable to query logs of container: pod is gone"));
}

TEST_F(LogsTest, AreReadAgainOnceAfterAnErrorThatMayPass) {
  const PodView pod = Ended(Pod(Job()), 0);
  SetLog(pod, "main", "hello\n");
  kube_.FailNext("log", absl::UnavailableError("kubelet restarts"));
  EXPECT_THAT(Collect(Job(), {pod}), HasSubstr("hello"));

  kube_.FailNext("log", absl::UnavailableError("kubelet restarts"), 2);
  EXPECT_THAT(Collect(Job(), {pod}), HasSubstr("kubelet restarts"));
}

// Events of other reasons, kinds, names or of a namesake that was there before do not belong to it.
TEST_F(LogsTest, FailureEventsOfJobAndPodsAreShown) {
  const PodView pod = Ended(Pod(Job()), 3);
  const std::string& job = JobName(0, 1);
  AddEvent("Job", job, "uid-0-1", "FailedCreate", "quota exceeded");
  AddEvent("Job", job, "uid-0-1", "SuccessfulCreate", "created pod");
  AddEvent("Job", job, "uid-of-a-namesake", "FailedCreate", "long ago");
  AddEvent("Pod", pod.name, pod.uid, "FailedMount", "no volume");
  AddEvent("Pod", pod.name, pod.uid, "Failed", "Error: ErrImagePull");
  AddEvent("Pod", "other", "other", "FailedMount", "not ours");

  EXPECT_THAT(
      Collect(Job(), {pod}),
      AllOf(HasSubstr("FailedCreate: quota exceeded\n"), HasSubstr("FailedMount: no volume\n"),
            HasSubstr("Failed: Error: ErrImagePull\n"), Not(HasSubstr("created pod")),
            Not(HasSubstr("long ago")), Not(HasSubstr("not ours"))));
}

TEST_F(LogsTest, EventsThatCannotBeReadAreSaid) {
  kube_.FailNext("list", absl::PermissionDeniedError("events is forbidden"));

  EXPECT_THAT(Collect(Job(), {Ended(Pod(Job()), 3)}),
              HasSubstr(absl::StrCat("Unable to query events of Job ", JobName(0, 1),
                                     ": events is forbidden")));
}

TEST_F(LogsTest, OfEveryAttemptAreShownAndTheLastTenOfMany) {
  JobView job = Failed(Job());
  job.one_pod = false;
  std::vector<PodView> pods;
  for (int i = 10; i < 22; ++i) {
    PodView pod = Ended(Pod(job), 1);
    pod.name += absl::StrCat("-", i);
    pod.uid += absl::StrCat("-", i);
    pod.create_time = At(i);
    SetLog(pod, "main", absl::StrCat("attempt ", i, "\n"));
    pods.push_back(pod);
  }

  const std::string text = Collect(job, pods);

  EXPECT_THAT(
      text, AllOf(HasSubstr("attempt 12"), HasSubstr("attempt 21"), Not(HasSubstr("attempt 11"))));
  EXPECT_LT(text.find("attempt 12"), text.find("attempt 21"));
}

TEST_F(LogsTest, AStillRunningContainerIsReadWhenItsTaskFailed) {
  const JobView job = Failed(Job(), "DeadlineExceeded");
  const PodView pod = Pod(job);
  SetLog(pod, "main", "step 1\n");

  EXPECT_THAT(Collect(job, {pod}), HasSubstr("was still running when its log was read:\nstep 1"));
}

TEST_F(LogsTest, AContainerThatNeverStartedSaysWhy) {
  PodView pod = Pod(Job());
  pod.containers[0] = {.name = "main", .reason = "ErrImagePull", .message = "no such image"};

  EXPECT_THAT(Collect(Failed(Job(), "DeadlineExceeded"), {pod}),
              HasSubstr("did not start (Reason: ErrImagePull, Message: no such image)"));
}

TEST_F(LogsTest, AreCutToTheirLimit) {
  const PodView pod = Ended(Pod(Job()), 3);
  SetLog(pod, "main", absl::StrCat("first\n", std::string(50'000, '"'), "\nlast\n"));
  for (int i = 0; i < 40; ++i) {
    AddEvent("Pod", pod.name, pod.uid, "FailedMount", std::string(1000, 'e').c_str());
  }

  const std::string text = Collect(Job(), {pod}, 2000);

  EXPECT_LE(JsonSize(text), 3000);
  EXPECT_THAT(text, AllOf(HasSubstr("Container main"), HasSubstr("bytes cut")));
}

TEST_F(LogsTest, OfATaskWithoutJobThereAreNone) {
  EXPECT_THAT(LogCollector(kube_).Collect(TaskStatus{}, kLimit), IsEmpty());
}

}  // namespace
}  // namespace jobexec::reporter
