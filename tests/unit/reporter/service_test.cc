#include "reporter/service.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <atomic>
#include <chrono>

#include "absl/strings/str_format.h"
#include "common/base/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;  // NOLINT: builders of this folder
namespace pb = ::jobexecutor::v1;

// An event of its own: `number` makes its hash, id and context.
JobView NumberedAnchor(int number, std::vector<runs::ManifestEntry> manifest) {
  JobView view = Anchor(std::move(manifest));
  view.record.event_hash = absl::StrFormat("%024x", number);
  view.record.uid = absl::StrCat("anchor-", number);
  view.record.facts.id = absl::StrCat("event-", number);
  view.record.facts.keptn_context = absl::StrCat("context-", number % 2);
  view.record.create_time = At(number);
  return view;
}

std::string RunOf(int number, int action) { return absl::StrFormat("%024x-%03d", number, action); }

constexpr int kMaxLogStreams = 3;

class ReporterServiceTest : public ::testing::Test {
 protected:
  ReporterServiceTest()
      : feed_(store_),
        logs_({.max_calls = kMaxLogStreams, .patience = absl::Seconds(2)}, log_reader_),
        service_(store_, feed_, logs_, [this] { return synced_.load(); }) {
    auto server = rpc::Server::Start({.address = "127.0.0.1"}, {&service_});
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    stub_ = pb::Reporter::NewStub(rpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port())));
  }
  ~ReporterServiceTest() override {
    feed_.Stop();
    logs_.Stop();
    server_->Shutdown(absl::Seconds(5));
  }

  void Put(const JobView& view) {
    store_.ApplyJob(view, false);
    feed_.Notify(view.record.event_hash);
  }

  grpc::Status List(const pb::ListRunsRequest& request, pb::ListRunsResponse& response) {
    grpc::ClientContext context;
    return stub_->ListRuns(&context, request, &response);
  }

  std::vector<std::string> Names(const pb::ListRunsResponse& response) {
    std::vector<std::string> names;
    for (const pb::Run& run : response.runs()) names.push_back(run.name());
    return names;
  }

  std::atomic<bool> synced_ = true;
  Store store_;
  RunFeed feed_;
  jobexec::testing::FakeKubeClient kube_;
  LogArchive archive_;
  LogReader log_reader_{{kube_, store_, archive_, RealClock()}};
  LogStreams logs_;
  ReporterService service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<pb::Reporter::Stub> stub_;
};

TEST_F(ReporterServiceTest, ShowsARun) {
  const JobView second = Released(Member(0, 2));
  Put(WithLedger(Passed(Anchor({Entry(0, 1), Entry(0, 2)})), "s:5"));
  store_.ApplyJob(second, false);
  store_.ApplyPod(Ended(Pod(second), 1));

  grpc::ClientContext context;
  pb::GetRunRequest request;
  request.set_name(absl::StrCat(kHash, "-000"));
  pb::GetRunResponse response;
  ASSERT_TRUE(stub_->GetRun(&context, request, &response).ok());

  const pb::Run& run = response.run();
  EXPECT_EQ(run.event_id(), "event-1");
  EXPECT_EQ(run.event_source(), "src");
  EXPECT_EQ(run.event_type(), "sh.keptn.event.deploy.triggered");
  EXPECT_EQ(run.keptn_context(), "context-1");
  EXPECT_EQ(run.action(), "action0");
  EXPECT_EQ(run.state(), pb::Run::STATE_FAILED);
  EXPECT_EQ(run.answered(), "started");
  EXPECT_EQ(run.create_time().seconds(), absl::ToUnixSeconds(At(0)));
  ASSERT_EQ(run.tasks_size(), 2);
  EXPECT_EQ(run.tasks(0).state(), pb::Run::STATE_PASSED);
  EXPECT_EQ(run.tasks(1).name(), "task2");
  EXPECT_EQ(run.tasks(1).job(), absl::StrCat("jobs/", JobName(0, 2)));
  EXPECT_EQ(run.tasks(1).state(), pb::Run::STATE_FAILED);
  EXPECT_THAT(run.tasks(1).message(), HasSubstr("exited with code 1"));
}

TEST_F(ReporterServiceTest, ARefusedEventIsOneFailedRun) {
  JobView record = Anchor({});
  record.record.refused = true;
  Put(record);
  pb::ListRunsResponse response;
  ASSERT_TRUE(List({}, response).ok());
  ASSERT_EQ(response.runs_size(), 1);
  EXPECT_EQ(response.runs(0).state(), pb::Run::STATE_FAILED);
}

TEST_F(ReporterServiceTest, ListsNewestFirstPageByPage) {
  for (int i = 1; i <= 5; ++i) Put(NumberedAnchor(i, {Entry(0, 1), Entry(1, 1)}));
  std::vector<std::string> names;
  pb::ListRunsRequest request;
  request.set_page_size(3);
  int pages = 0;
  do {
    pb::ListRunsResponse response;
    ASSERT_TRUE(List(request, response).ok());
    for (const std::string& name : Names(response)) names.push_back(name);
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());

  EXPECT_EQ(pages, 4);
  EXPECT_THAT(names, ElementsAre(RunOf(5, 0), RunOf(5, 1), RunOf(4, 0), RunOf(4, 1), RunOf(3, 0),
                                 RunOf(3, 1), RunOf(2, 0), RunOf(2, 1), RunOf(1, 0), RunOf(1, 1)));
}

TEST_F(ReporterServiceTest, Filters) {
  for (int i = 1; i <= 4; ++i) Put(NumberedAnchor(i, {Entry(0, 1)}));
  pb::ListRunsRequest by_id;
  by_id.mutable_filter()->set_event_id("event-3");
  pb::ListRunsRequest by_context;
  by_context.mutable_filter()->set_keptn_context("context-0");
  pb::ListRunsResponse response;
  ASSERT_TRUE(List(by_id, response).ok());
  EXPECT_THAT(Names(response), ElementsAre(RunOf(3, 0)));
  response.Clear();
  ASSERT_TRUE(List(by_context, response).ok());
  EXPECT_THAT(Names(response), ElementsAre(RunOf(4, 0), RunOf(2, 0)));
}

TEST_F(ReporterServiceTest, Errors) {
  pb::ListRunsRequest request;
  pb::ListRunsResponse response;
  request.set_page_size(1001);
  EXPECT_EQ(List(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_page_size(0);
  request.set_page_token("nonsense");
  EXPECT_EQ(List(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);

  grpc::ClientContext context;
  pb::GetRunRequest get;
  get.set_name("no-such-run");
  pb::GetRunResponse run;
  EXPECT_EQ(stub_->GetRun(&context, get, &run).error_code(), grpc::StatusCode::NOT_FOUND);

  synced_ = false;
  EXPECT_EQ(List({}, response).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ReporterServiceTest, WatchSendsStatesAndChanges) {
  const JobView anchor = NumberedAnchor(2, {Entry(0, 1)});
  Put(anchor);
  Put(NumberedAnchor(1, {Entry(0, 1)}));
  grpc::ClientContext context;
  pb::WatchRunsRequest request;
  request.mutable_filter()->set_keptn_context("context-0");
  auto reader = stub_->WatchRuns(&context, request);

  pb::WatchRunsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.run().name(), RunOf(2, 0));
  EXPECT_EQ(response.run().state(), pb::Run::STATE_RUNNING);

  feed_.Notify(anchor.record.event_hash);  // nothing new: nothing is sent
  Put(Passed(anchor));
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.run().state(), pb::Run::STATE_PASSED);

  store_.RemoveJob(Passed(anchor));
  feed_.Notify(anchor.record.event_hash);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.run().name(), RunOf(2, 0));
  EXPECT_TRUE(response.removed());

  feed_.Stop();
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ReporterServiceTest, ACancelledWatchLeavesNothingBehind) {
  for (size_t i = 0; i < 2 * RunFeed::kMaxCalls; ++i) {
    grpc::ClientContext context;
    auto reader = stub_->WatchRuns(&context, {});
    Put(NumberedAnchor(static_cast<int>(i), {Entry(0, 1)}));
    pb::WatchRunsResponse response;
    ASSERT_TRUE(reader->Read(&response)) << "call " << i;
    context.TryCancel();
    while (reader->Read(&response)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
}

TEST_F(ReporterServiceTest, TooManyWatchesAreRefused) {
  Put(NumberedAnchor(1, {Entry(0, 1)}));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<pb::WatchRunsResponse>>> readers;
  pb::WatchRunsResponse response;
  for (size_t i = 0; i < RunFeed::kMaxCalls; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(stub_->WatchRuns(contexts.back().get(), {}));
    ASSERT_TRUE(readers.back()->Read(&response));
  }
  grpc::ClientContext context;
  auto reader = stub_->WatchRuns(&context, {});
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  feed_.Stop();
  for (auto& open : readers) {
    while (open->Read(&response)) {
    }
    EXPECT_EQ(open->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
}

class StreamLogsTest : public ReporterServiceTest {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<pb::StreamLogsResponse>>;

  StreamLogsTest() {
    const JobView job = Anchor({Entry(0, 1)});
    Put(job);
    store_.ApplyPod(Pod(job));
    SetLog("one\n");
  }
  void SetLog(const std::string& text) {
    kube_.SetLog("jobs", Pod(Anchor({})).name, "main", "2023-11-14T22:13:20.5Z " + text);
  }
  // A call that follows the running task.
  Reader Follow(grpc::ClientContext& context) {
    pb::StreamLogsRequest request;
    request.set_run(absl::StrCat(kHash, "-000"));
    request.set_follow(true);
    return stub_->StreamLogs(&context, request);
  }
  static grpc::StatusCode End(Reader& reader) {
    pb::StreamLogsResponse response;
    while (reader->Read(&response)) {
    }
    return reader->Finish().error_code();
  }
  // True if a call can be opened again.
  bool HasRoom() {
    return jobexec::testing::PollUntil(
        [this] {
          grpc::ClientContext context;
          pb::StreamLogsResponse response;
          const Reader reader = Follow(context);
          const bool open = reader->Read(&response);
          context.TryCancel();
          return open;
        },
        absl::Seconds(30));
  }

  pb::StreamLogsResponse response_;
};

TEST_F(StreamLogsTest, SendsLinesWithTheirTime) {
  grpc::ClientContext context;
  Reader reader = Follow(context);
  ASSERT_TRUE(reader->Read(&response_));
  EXPECT_EQ(response_.task(), "task1");
  EXPECT_EQ(response_.data(), "one\n");
  EXPECT_EQ(response_.time().nanos(), 500'000'000);
  EXPECT_EQ(response_.container(), pb::LOG_CONTAINER_TASK);
  context.TryCancel();
  EXPECT_EQ(End(reader), grpc::StatusCode::CANCELLED);
}

TEST_F(StreamLogsTest, EndsWithOkWhenTheTaskHasEnded) {
  grpc::ClientContext context;
  Reader reader = Follow(context);
  ASSERT_TRUE(reader->Read(&response_));
  PodView ended = Ended(Pod(Anchor({Entry(0, 1)})), 0);
  ended.resource_version = "11";
  store_.ApplyPod(ended);
  kube_.EndLog("jobs", ended.name, "main");
  EXPECT_EQ(End(reader), grpc::StatusCode::OK);
}

TEST_F(StreamLogsTest, ErrorsAreTheCalls) {
  grpc::ClientContext context;
  Reader reader = stub_->StreamLogs(&context, {});
  EXPECT_EQ(End(reader), grpc::StatusCode::NOT_FOUND);
  synced_ = false;
  grpc::ClientContext early;
  reader = Follow(early);
  EXPECT_EQ(End(reader), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(StreamLogsTest, TooManyAreRefusedAndEndedOnesMakeRoom) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<Reader> readers;
  for (int i = 0; i < kMaxLogStreams; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(Follow(*contexts.back()));
    ASSERT_TRUE(readers.back()->Read(&response_));
  }
  {
    grpc::ClientContext context;
    const Reader refused = Follow(context);
    EXPECT_FALSE(refused->Read(&response_));
    const grpc::Status status = refused->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(status.error_message(), HasSubstr("all 3 log streams"));
  }
  contexts[0]->TryCancel();
  EXPECT_EQ(End(readers[0]), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(HasRoom());
  logs_.Stop();
  EXPECT_EQ(End(readers[1]), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(End(readers[2]), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(StreamLogsTest, ADeadlineEndsTheCallAndItsWork) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  Reader reader = Follow(context);
  EXPECT_EQ(End(reader), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(HasRoom());
}

TEST_F(StreamLogsTest, AReaderThatTakesNothingIsCutOff) {
  // Far more than the transport buffers.
  std::string log;
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&log, "2023-11-14T22:13:20.5Z ", std::string(100'000, 'x'), "\n");
  }
  kube_.SetLog("jobs", Pod(Anchor({})).name, "main", log);
  grpc::ClientContext context;
  Reader reader = Follow(context);
  // Nobody reads until the server has given up.
  ASSERT_TRUE(jobexec::testing::PollUntil([&] { return kube_.Count("stream log") == 1; },
                                          absl::Seconds(30)));
  ASSERT_TRUE(
      jobexec::testing::PollUntil([&] { return logs_.open_calls() == 0; }, absl::Seconds(30)));
  size_t taken = 0;
  while (reader->Read(&response_)) taken += response_.data().size();
  EXPECT_LT(taken, log.size());
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace jobexec::reporter
