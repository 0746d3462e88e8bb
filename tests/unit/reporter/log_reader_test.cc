#include "reporter/log_reader.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/support/fake_kube_client.h"
#include "tests/support/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using namespace testing;  // NOLINT: builders of this folder
namespace pb = ::jobexecutor::v1;

// A line as the kubelet gives it, at a second of the test's time.
std::string Line(int at, const std::string& text) {
  return absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", At(at), absl::UTCTimeZone()), " ",
                      text, "\n");
}

PodView WithInit(PodView pod) {
  ContainerView init{.name = "init", .init = true, .state = ContainerView::State::kTerminated};
  pod.containers.insert(pod.containers.begin(), init);
  return pod;
}

class LogReaderTest : public ::testing::Test {
 protected:
  void Put(const JobView& job) { store_.ApplyJob(job, false); }
  void Put(const PodView& pod) {
    PodView newer = pod;
    newer.resource_version = absl::StrCat(++version_);
    store_.ApplyPod(std::move(newer));
  }
  void SetLog(const PodView& pod, const std::string& text, const std::string& container = "main") {
    kube_.SetLog(pod.name_space, pod.name, container, text);
  }
  void EndLog(const PodView& pod) { kube_.EndLog(pod.name_space, pod.name, "main"); }

  pb::StreamLogsRequest Request() {
    pb::StreamLogsRequest request;
    request.set_run(absl::StrCat(kHash, "-000"));
    return request;
  }
  pb::StreamLogsRequest Follow() {
    pb::StreamLogsRequest request = Request();
    request.set_follow(true);
    return request;
  }
  // "task:container|text" or "task!note"; pieces of one container one after the other are joined.
  absl::Status Read(const pb::StreamLogsRequest& request) {
    return reader_.Read(request, stop_, [this](pb::StreamLogsResponse message) {
      messages_.push_back(message);
      if (!message.note().empty()) {
        texts_.push_back(absl::StrCat(message.task(), "!", message.note()));
      } else {
        const bool init = message.container() == pb::LOG_CONTAINER_INIT;
        const std::string head = absl::StrCat(message.task(), init ? ":init|" : ":task|");
        if (!texts_.empty() && StartsWithHead(texts_.back(), head)) {
          texts_.back() += message.data();
        } else {
          texts_.push_back(head + message.data());
        }
      }
      if (on_message_) on_message_(message);
      return !enough_;
    });
  }
  static bool StartsWithHead(const std::string& text, const std::string& head) {
    return text.compare(0, head.size(), head) == 0;
  }
  std::vector<std::string> Opened(const std::string& field) {
    std::vector<std::string> values;
    for (const auto& call : kube_.Calls()) {
      if (call.verb == "stream log") values.push_back(call.object[field].dump());
    }
    return values;
  }

  jobexec::testing::ManualClock clock_;
  jobexec::testing::FakeKubeClient kube_;
  Store store_;
  LogArchive archive_;
  LogReader reader_{{kube_, store_, archive_, clock_}};
  absl::Notification stop_;
  std::vector<pb::StreamLogsResponse> messages_;
  std::vector<std::string> texts_;
  std::function<void(const pb::StreamLogsResponse&)> on_message_;
  bool enough_ = false;
  int version_ = 100;
};

TEST_F(LogReaderTest, ReadsEndedTasksInOrder) {
  const JobView first = Passed(Anchor({Entry(0, 1), Entry(0, 2)}));
  const JobView second = Failed(Released(Member(0, 2)));
  Put(first);
  Put(second);
  Put(Ended(Pod(first), 0));
  Put(Ended(Pod(second), 1));
  SetLog(Pod(first), Line(1, "one") + Line(2, "two"));
  SetLog(Pod(second), Line(3, "three"));

  EXPECT_THAT(Read(Request()), IsOk());

  EXPECT_THAT(texts_, ElementsAre("task1:task|one\ntwo\n", "task2:task|three\n",
                                  AllOf(StartsWith("task2!"), HasSubstr("failed"))));
  EXPECT_EQ(messages_[0].job(), "jobs/" + JobName(0, 1));
  EXPECT_EQ(messages_[0].pod(), Pod(first).name);
  EXPECT_EQ(messages_[0].time().seconds(), absl::ToUnixSeconds(At(2)));
}

TEST_F(LogReaderTest, ReadsTheContainersThatAreAskedFor) {
  const JobView job = Passed(Anchor({Entry(0, 1)}));
  Put(job);
  Put(WithInit(Ended(Pod(job), 0)));
  SetLog(Pod(job), Line(1, "fetched"), "init");
  SetLog(Pod(job), Line(2, "done"));
  const std::pair<pb::LogContainer, std::vector<std::string>> cases[] = {
      {pb::LOG_CONTAINER_UNSPECIFIED, {"task1:task|done\n"}},
      {pb::LOG_CONTAINER_TASK, {"task1:task|done\n"}},
      {pb::LOG_CONTAINER_INIT, {"task1:init|fetched\n"}},
      {pb::LOG_CONTAINER_ALL, {"task1:init|fetched\n", "task1:task|done\n"}},
  };
  for (const auto& [container, texts] : cases) {
    texts_.clear();
    pb::StreamLogsRequest request = Request();
    request.set_container(container);
    EXPECT_THAT(Read(request), IsOk());
    EXPECT_EQ(texts_, texts) << container;
  }
}

TEST_F(LogReaderTest, SelectsATaskByItsNameOrJob) {
  const JobView first = Passed(Anchor({Entry(0, 1), Entry(0, 2)}));
  Put(first);
  Put(Member(0, 2));
  for (const std::string& task : {std::string("task2"), "jobs/" + JobName(0, 2)}) {
    texts_.clear();
    pb::StreamLogsRequest request = Request();
    request.set_task(task);
    EXPECT_THAT(Read(request), IsOk());
    EXPECT_THAT(texts_, ElementsAre("task2!the task has not begun"));
  }
}

TEST_F(LogReaderTest, NamesWhatIsWrong) {
  Put(Anchor({Entry(0, 1)}));
  pb::StreamLogsRequest unknown_run;
  unknown_run.set_run("x");
  pb::StreamLogsRequest unknown_task = Request();
  unknown_task.set_task("t");
  pb::StreamLogsRequest bad_tail = Request();
  bad_tail.set_tail_lines(-1);
  pb::StreamLogsRequest bad_after = Request();
  bad_after.mutable_after()->set_nanos(-1);

  EXPECT_THAT(Read(unknown_run), StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"x\"")));
  EXPECT_THAT(Read(unknown_task), StatusIs(absl::StatusCode::kNotFound, HasSubstr("task1")));
  EXPECT_THAT(Read(bad_tail), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1")));
  EXPECT_THAT(Read(bad_after), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("after")));
  EXPECT_THAT(texts_, IsEmpty());
}

TEST_F(LogReaderTest, ARefusedEventSaysWhy) {
  JobView record = Anchor({});
  record.record.refused = true;
  record.record.refusal.message = "job/config.yaml:3:1: wrong";
  Put(record);
  EXPECT_THAT(Read(Request()), IsOk());
  EXPECT_THAT(texts_, ElementsAre("!the run was refused: job/config.yaml:3:1: wrong"));
}

TEST_F(LogReaderTest, TailAndAfterAreAskedOfTheApi) {
  const JobView job = Passed(Anchor({Entry(0, 1)}));
  Put(job);
  Put(Ended(Pod(job), 0));
  SetLog(Pod(job), Line(1, "old") + Line(2, "seen") + Line(3, "new"));
  pb::StreamLogsRequest request = Request();
  request.set_tail_lines(7);
  request.mutable_after()->set_seconds(absl::ToUnixSeconds(At(2)));

  EXPECT_THAT(Read(request), IsOk());

  EXPECT_THAT(texts_, ElementsAre("task1:task|new\n"));
  EXPECT_THAT(Opened("tailLines"), ElementsAre("7"));
  EXPECT_THAT(Opened("since"), ElementsAre(HasSubstr("2023-11-14T22:13:22")));
}

TEST_F(LogReaderTest, WithoutFollowARunningTaskIsReadOnce) {
  const JobView job = Anchor({Entry(0, 1), Entry(0, 2)});
  Put(job);
  Put(Pod(job));
  SetLog(Pod(job), Line(1, "half"));
  EXPECT_THAT(Read(Request()), IsOk());
  EXPECT_THAT(texts_, ElementsAre("task1:task|half\n", "task2!the task has not begun"));
  EXPECT_THAT(Opened("follow"), ElementsAre("false"));
}

TEST_F(LogReaderTest, FollowsFromTheFirstTaskToTheLast) {
  const JobView first = Anchor({Entry(0, 1), Entry(0, 2)});
  const JobView second = Member(0, 2);
  Put(first);
  Put(second);
  Put(Pod(first));
  SetLog(Pod(first), Line(1, "one"));
  on_message_ = [&](const pb::StreamLogsResponse& message) {
    if (message.data() == "one\n") {
      SetLog(Pod(first), Line(1, "one") + Line(2, "two"));
    } else if (message.data() == "two\n") {
      EndLog(Pod(first));
      Put(Ended(Pod(first), 0));
      JobView running = Released(second);
      running.record.resource_version = "11";
      Put(running);
      Put(Pod(second));
      SetLog(Pod(second), Line(3, "three"));
    } else if (message.data() == "three\n") {
      EndLog(Pod(second));
      Put(Ended(Pod(second), 0));
    }
  };

  EXPECT_THAT(Read(Follow()), IsOk());

  EXPECT_THAT(texts_, ElementsAre("task1:task|one\ntwo\n", "task2:task|three\n"));
  EXPECT_THAT(Opened("follow"), ElementsAre("true", "false", "true", "false"))
      << "after its end each log is looked at once more";
}

TEST_F(LogReaderTest, AStreamThatBreaksGoesOnWhereItWas) {
  const JobView job = Anchor({Entry(0, 1)});
  Put(job);
  Put(Pod(job));
  SetLog(Pod(job), Line(1, "one"));
  EndLog(Pod(job));  // the connection ends, the container does not
  int seen = 0;
  on_message_ = [&](const pb::StreamLogsResponse&) {
    if (++seen == 1) SetLog(Pod(job), Line(1, "one") + Line(2, "two"));
    if (seen == 2) Put(Ended(Pod(job), 0));
  };
  EXPECT_THAT(Read(Follow()), IsOk());
  EXPECT_THAT(texts_, ElementsAre("task1:task|one\ntwo\n"));
}

TEST_F(LogReaderTest, SomeErrorsPassManyEndTheStream) {
  const JobView job = Passed(Anchor({Entry(0, 1)}));
  Put(job);
  Put(Ended(Pod(job), 0));
  SetLog(Pod(job), Line(1, "one"));
  kube_.FailNext("stream log", absl::UnavailableError("down"), 4);
  EXPECT_THAT(Read(Request()), IsOk());
  EXPECT_THAT(texts_, ElementsAre("task1:task|one\n"));

  kube_.FailNext("stream log", absl::UnavailableError("down"), 5);
  EXPECT_THAT(Read(Request()), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("down")));
  kube_.FailNext("stream log", absl::PermissionDeniedError("pods/log"));
  EXPECT_THAT(Read(Follow()), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("pods/log")));
}

TEST_F(LogReaderTest, OfAPodThatIsGoneItSaysWhatIsKnown) {
  const JobView job = Failed(Anchor({Entry(0, 1)}), "DeadlineExceeded");
  Put(job);
  archive_.Put(job.record.uid, "Container main:\nlast words\n");

  EXPECT_THAT(Read(Follow()), IsOk());

  EXPECT_THAT(texts_, ElementsAre(AllOf(StartsWith("task1!"), HasSubstr("deadline exceeded")),
                                  "task1!its log as it was taken before its pod went:",
                                  "task1:task|Container main:\nlast words\n"));
}

TEST_F(LogReaderTest, ALogThatCannotBeReadIsNoted) {
  const JobView job = Passed(Anchor({Entry(0, 1)}));
  Put(job);
  Put(Ended(Pod(job), 0));
  EXPECT_THAT(Read(Request()), IsOk());
  EXPECT_THAT(texts_, ElementsAre(AllOf(StartsWith("task1!"), HasSubstr("not found")),
                                  HasSubstr("its log is gone with its pod")));
}

TEST_F(LogReaderTest, SkippedTasksAreNamed) {
  Put(Failed(Anchor({Entry(0, 1), Entry(0, 2)})));
  Put(Gone(Member(0, 2)));
  pb::StreamLogsRequest request = Follow();
  request.set_task("task2");
  EXPECT_THAT(Read(request), IsOk());
  EXPECT_THAT(texts_, ElementsAre(HasSubstr("did not run because an earlier task failed")));
}

TEST_F(LogReaderTest, LargeLogsComeInBoundedPieces) {
  const JobView job = Passed(Anchor({Entry(0, 1)}));
  Put(job);
  Put(Ended(Pod(job), 0));
  std::string log;
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    const std::string line(100, static_cast<char>('a' + i % 26));
    log += Line(i, line);
    text += line + "\n";
  }
  SetLog(Pod(job), log);

  EXPECT_THAT(Read(Request()), IsOk());

  EXPECT_THAT(texts_, ElementsAre("task1:task|" + text));
  EXPECT_GE(messages_.size(), text.size() / (64 * 1024));
  for (const auto& message : messages_) EXPECT_LE(message.data().size(), 64 * 1024);
}

TEST_F(LogReaderTest, EndsWhenNoMoreIsWanted) {
  const JobView job = Anchor({Entry(0, 1)});
  Put(job);
  Put(Pod(job));
  SetLog(Pod(job), Line(1, "one"));
  enough_ = true;
  EXPECT_THAT(Read(Follow()), StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_THAT(messages_, SizeIs(1));

  enough_ = false;
  on_message_ = [this](const pb::StreamLogsResponse&) { stop_.Notify(); };
  EXPECT_THAT(Read(Follow()), StatusIs(absl::StatusCode::kCancelled, _));
}

TEST_F(LogReaderTest, WaitsForATaskUntilItIsStopped) {
  Put(Anchor({Entry(0, 1)}));
  stop_.Notify();
  EXPECT_THAT(Read(Follow()), StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_THAT(texts_, IsEmpty());
}

}  // namespace
}  // namespace jobexec::reporter
