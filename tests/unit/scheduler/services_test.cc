// The scheduler's gRPC services over loopback, with a Kubernetes API in memory and a configuration
// store that tests can hold back.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <prometheus/registry.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/status_details.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/runs/names.h"
#include "common/runs/schema.h"
#include "scheduler/event_handler.h"
#include "scheduler/event_stream.h"
#include "scheduler/resources_service.h"
#include "scheduler/service.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::StatusIs;
using jobexecutor::v1::EventOutcome;
using jobexecutor::v1::EventSubmission;
using ::testing::_;
using ::testing::HasSubstr;

constexpr int kWindow = 4;
constexpr int kWorkers = 2;
constexpr int kQueue = 16;
constexpr char kConfig[] =
    "apiVersion: v2\nactions: [{name: A, events: [{name: x}], tasks: [{name: T, image: i}]}]";

// Files on project level; reads wait while the gate is closed.
class GatedStore final : public resources::Store {
 public:
  absl::StatusOr<std::string> Read(const resources::Scope&, resources::Level level,
                                   absl::string_view path, absl::string_view commit) override {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&open_));
    commits_.insert(std::string(commit));
    const auto found = files_.find(std::string(path));
    if (level != resources::Level::kProject || found == files_.end()) {
      return absl::NotFoundError("no such file");
    }
    return found->second;
  }
  absl::StatusOr<std::vector<std::string>> List(const resources::Scope&, resources::Level,
                                                absl::string_view, absl::string_view) override {
    return absl::NotFoundError("no such directory");
  }
  absl::Status CheckReady() const override { return absl::OkStatus(); }

  void Open(bool open) {
    absl::MutexLock lock(&mutex_);
    open_ = open;
  }
  void Put(const std::string& path, const std::string& content) {
    absl::MutexLock lock(&mutex_);
    files_[path] = content;
  }
  // All that were asked for.
  std::set<std::string> commits() {
    absl::MutexLock lock(&mutex_);
    return commits_;
  }

 private:
  absl::Mutex mutex_;
  std::set<std::string> commits_ ABSL_GUARDED_BY(mutex_);
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  std::map<std::string, std::string> files_ ABSL_GUARDED_BY(mutex_);
};

EventSubmission Submission(uint64_t sequence) {
  EventSubmission submission;
  submission.set_sequence(sequence);
  auto& event = *submission.mutable_event();
  event.set_id("id-" + std::to_string(sequence));
  event.set_source("s");
  event.set_spec_version("1.0");
  event.set_type("x.triggered");
  event.set_text_data(R"({"project":"p","stage":"s","service":"v"})");
  return submission;
}

class ServicesTest : public ::testing::Test {
 protected:
  ServicesTest() {
    store_.Put("job/config.yaml", kConfig);
    auto server = rpc::Server::Start({.address = "127.0.0.1"}, {&scheduler_, &resources_});
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    channel_ = rpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()));
    stub_ = jobexecutor::v1::Scheduler::NewStub(channel_);
  }
  ~ServicesTest() override {
    store_.Open(true);
    server_->Shutdown(absl::Seconds(5));
  }

  static PlannerSettings Settings() {
    PlannerSettings settings;
    settings.installation = "inst";
    settings.defaults.job_namespace = "home";
    return settings;
  }

  GatedStore store_;
  testing::FakeKubeClient kube_{RealClock()};
  prometheus::Registry registry_;
  Metrics metrics_{registry_};
  GrantSigner signer_{"key"};
  ConfigSource configs_{store_};
  Planner planner_{Settings(), signer_};
  WorkerPool members_{1, 4};
  Launcher launcher_{kube_, RealClock(), members_};
  EventHandler handler_{{}, configs_, planner_, launcher_, RealClock(), metrics_};
  WorkerPool workers_{kWorkers, kQueue};
  WorkerPool fetchers_{1, 4};
  SubmissionQueue queue_{handler_, workers_, RealClock(), metrics_};
  EventStreams streams_{queue_, kWindow, metrics_};
  Canceller canceller_{{.installation = "inst", .job_namespace = "home"}, kube_, RealClock()};
  SchedulerService scheduler_{queue_, streams_, handler_, canceller_, workers_, RealClock()};
  ResourcesService resources_{store_, signer_, fetchers_, RealClock(), metrics_};
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<jobexecutor::v1::Scheduler::Stub> stub_;
};

TEST_F(ServicesTest, EverySubmissionOfAStreamGetsItsOutcomeBeforeTheStreamEnds) {
  grpc::ClientContext context;
  const auto stream = stub_->StreamEvents(&context);
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(stream->Write(Submission(i)));
  stream->WritesDone();

  std::map<uint64_t, int> seen;
  EventOutcome outcome;
  while (stream->Read(&outcome)) {
    EXPECT_TRUE(outcome.has_accepted()) << outcome.DebugString();
    ++seen[outcome.sequence()];
  }

  EXPECT_THAT(rpc::FromGrpc(stream->Finish()), IsOk());
  EXPECT_EQ(seen.size(), 20);
  for (const auto& [sequence, count] : seen) EXPECT_EQ(count, 1) << sequence;
}

TEST_F(ServicesTest, AFullWindowStopsTheReading) {
  store_.Open(false);
  grpc::ClientContext context;
  const auto stream = stub_->StreamEvents(&context);
  for (uint64_t i = 1; i <= 3 * kWindow; ++i) ASSERT_TRUE(stream->Write(Submission(i)));
  stream->WritesDone();
  EXPECT_TRUE(
      PollUntil([this] { return metrics_.in_flight.Value() == kWindow; }, absl::Seconds(30)));

  EventOutcome outcome;
  store_.Open(true);
  int answered = 0;
  while (stream->Read(&outcome)) {
    EXPECT_LE(metrics_.in_flight.Value(), kWindow);
    ++answered;
  }

  EXPECT_EQ(answered, 3 * kWindow);
}

TEST_F(ServicesTest, ACancelledStreamEndsWhileItsEventsAreStillDecided) {
  store_.Open(false);
  {
    grpc::ClientContext context;
    const auto stream = stub_->StreamEvents(&context);
    ASSERT_TRUE(stream->Write(Submission(1)));
    ASSERT_TRUE(PollUntil([this] { return metrics_.in_flight.Value() == 1; }, absl::Seconds(30)));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_TRUE(PollUntil([this] { return metrics_.streams.Value() == 0; }, absl::Seconds(30)));
  store_.Open(true);

  EXPECT_TRUE(PollUntil([this] { return metrics_.accepted.Value() == 1; }, absl::Seconds(30)));
}

TEST_F(ServicesTest, ARepeatedSequenceNumberEndsTheStream) {
  grpc::ClientContext context;
  const auto stream = stub_->StreamEvents(&context);
  stream->Write(Submission(2));
  stream->Write(Submission(2));

  EventOutcome outcome;
  while (stream->Read(&outcome)) {
  }
  EXPECT_THAT(rpc::FromGrpc(stream->Finish()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sequence 2")));
}

TEST_F(ServicesTest, DrainingAnswersWhatWasTakenAndSendsTheClientElsewhere) {
  store_.Open(false);
  grpc::ClientContext context;
  const auto stream = stub_->StreamEvents(&context);
  stream->Write(Submission(1));
  ASSERT_TRUE(PollUntil([this] { return metrics_.in_flight.Value() == 1; }, absl::Seconds(30)));

  streams_.Drain();
  store_.Open(true);

  EventOutcome outcome;
  ASSERT_TRUE(stream->Read(&outcome));
  EXPECT_TRUE(outcome.has_accepted());
  EXPECT_FALSE(stream->Read(&outcome));
  EXPECT_THAT(rpc::FromGrpc(stream->Finish()), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(ServicesTest, AShutdownDoesNotWaitForStreamsBeyondItsGrace) {
  store_.Open(false);
  grpc::ClientContext context;
  const auto stream = stub_->StreamEvents(&context);
  stream->Write(Submission(1));
  ASSERT_TRUE(PollUntil([this] { return metrics_.in_flight.Value() == 1; }, absl::Seconds(30)));

  server_->Shutdown(absl::Milliseconds(1));

  EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(ServicesTest, AFullQueueIsAnsweredWithRetry) {
  store_.Open(false);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<EventSubmission, EventOutcome>>> streams;
  uint64_t sequence = 0;
  for (int i = 0; i < (kWorkers + kQueue) / kWindow + 2; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(stub_->StreamEvents(contexts.back().get()));
    for (int j = 0; j < kWindow; ++j) streams.back()->Write(Submission(++sequence));
  }

  EventOutcome outcome;
  ASSERT_TRUE(streams.back()->Read(&outcome));
  EXPECT_TRUE(outcome.has_retry());
  EXPECT_THAT(outcome.retry().reason(), HasSubstr("queue is full"));
  for (auto& context : contexts) context->TryCancel();
  store_.Open(true);
}

TEST_F(ServicesTest, SubmitEventGivesTheOutcome) {
  grpc::ClientContext context;
  jobexecutor::v1::SubmitEventRequest request;
  *request.mutable_submission() = Submission(7);
  jobexecutor::v1::SubmitEventResponse response;

  ASSERT_THAT(rpc::FromGrpc(stub_->SubmitEvent(&context, request, &response)), IsOk());
  EXPECT_TRUE(response.outcome().has_accepted());
  EXPECT_EQ(response.outcome().sequence(), 0);
}

TEST_F(ServicesTest, RenderJobsShowsTheJobsWithoutTheGrant) {
  grpc::ClientContext context;
  jobexecutor::v1::RenderJobsRequest request;
  *request.mutable_event() = Submission(1).event();
  request.set_config(
      "apiVersion: v2\nactions: [{name: A, events: [{name: x}], tasks: [{image: i, files: [f]}]}]");
  jobexecutor::v1::RenderJobsResponse response;

  ASSERT_THAT(rpc::FromGrpc(stub_->RenderJobs(&context, request, &response)), IsOk());
  ASSERT_EQ(response.jobs_size(), 1);
  EXPECT_EQ(response.jobs(0).namespace_(), "home");
  EXPECT_THAT(response.jobs(0).manifest_json(), HasSubstr("<redacted>"));
  EXPECT_EQ(kube_.Count("create"), 0);
}

TEST_F(ServicesTest, RenderJobsNamesFaults) {
  grpc::ClientContext context;
  jobexecutor::v1::RenderJobsRequest request;
  *request.mutable_event() = Submission(1).event();
  request.set_config("apiVersion: v3");
  jobexecutor::v1::RenderJobsResponse response;

  EXPECT_THAT(rpc::FromGrpc(stub_->RenderJobs(&context, request, &response)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("v3")));
}

TEST_F(ServicesTest, ValidateConfigReportsEveryFault) {
  grpc::ClientContext context;
  jobexecutor::v1::ValidateConfigRequest request;
  request.set_config("apiVersion: v2\nx: 1\ny: 2\n");
  jobexecutor::v1::ValidateConfigResponse response;

  ASSERT_THAT(rpc::FromGrpc(stub_->ValidateConfig(&context, request, &response)), IsOk());
  ASSERT_EQ(response.faults_size(), 2);
  EXPECT_EQ(response.faults(0).line(), 2);
  EXPECT_EQ(response.faults(1).line(), 3);
}

class RunTaskTest : public ServicesTest {
 protected:
  static jobexecutor::v1::RunTaskRequest Request(const std::string& id = "nightly") {
    jobexecutor::v1::RunTaskRequest request;
    request.set_request_id(id);
    request.mutable_spec()->set_name("backup");
    request.mutable_spec()->set_image("img");
    return request;
  }
  static jobexecutor::v1::RunTaskRequest YamlRequest(const std::string& yaml) {
    jobexecutor::v1::RunTaskRequest request;
    request.set_request_id("yaml");
    request.set_task_yaml(yaml);
    return request;
  }
  absl::Status Run(const jobexecutor::v1::RunTaskRequest& request) {
    grpc::ClientContext context;
    return rpc::FromGrpc(stub_->RunTask(&context, request, &response_));
  }
  std::vector<nlohmann::json> Jobs() { return kube_.All(kube::Jobs("")); }

  jobexecutor::v1::RunTaskResponse response_;
};

TEST_F(RunTaskTest, CreatesOneJobAndNamesIt) {
  ASSERT_THAT(Run(Request()), IsOk());

  const std::string hash = runs::EventHash(kTaskEventSource, "nightly");
  EXPECT_EQ(response_.run(), runs::RunName(hash, 0));
  EXPECT_EQ(response_.job(), "home/" + runs::AnchorName(hash));
  EXPECT_EQ(response_.event_source(), kTaskEventSource);
  EXPECT_EQ(response_.event_id(), "nightly");
  EXPECT_FALSE(response_.already_known());
  ASSERT_EQ(Jobs().size(), 1);
  const nlohmann::json job = Jobs()[0];
  EXPECT_EQ(job["spec"]["ttlSecondsAfterFinished"], 21600);
  EXPECT_FALSE(job["spec"].contains("activeDeadlineSeconds"));
  const auto record = runs::ReadJob(job);
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ(record->ledger.state, runs::Ledger::State::kNone) << "no answers";
  EXPECT_FALSE(record->has_answer_finalizer);
  EXPECT_EQ(kube_.Calls().size(), 1) << "one create, no look";
}

TEST_F(RunTaskTest, ARepeatNeverRunsItTwice) {
  ASSERT_THAT(Run(Request()), IsOk());
  auto changed = Request();
  changed.mutable_spec()->set_image("another");
  const std::string job = response_.job();

  ASSERT_THAT(Run(changed), IsOk());

  EXPECT_TRUE(response_.already_known());
  EXPECT_EQ(response_.job(), job);
  EXPECT_EQ(Jobs().size(), 1);
  auto other_source = Request();
  other_source.set_source("ci");
  ASSERT_THAT(Run(other_source), IsOk());
  EXPECT_EQ(Jobs().size(), 2);
}

TEST_F(RunTaskTest, ALostAnswerIsRepeatedSafely) {
  kube_.LoseAnswerOfNext("create", absl::UnavailableError("lost"));
  const absl::Status lost = Run(Request());
  EXPECT_THAT(lost, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("lost")));
  EXPECT_TRUE(GetRetryAfter(lost).has_value());

  ASSERT_THAT(Run(Request()), IsOk());
  EXPECT_TRUE(response_.already_known());
  EXPECT_EQ(Jobs().size(), 1);
}

TEST_F(RunTaskTest, ManyCallersWithOneIdRunItOnce) {
  std::vector<std::thread> callers;
  std::atomic<int> stored = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      grpc::ClientContext context;
      jobexecutor::v1::RunTaskResponse response;
      EXPECT_THAT(rpc::FromGrpc(stub_->RunTask(&context, Request(), &response)), IsOk());
      if (!response.already_known()) ++stored;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(Jobs().size(), 1);
}

TEST_F(RunTaskTest, ATaskWithAnswersIsOwedThem) {
  auto request = Request();
  request.set_answer_type("sh.keptn.event.deployment");
  ASSERT_THAT(Run(request), IsOk());

  ASSERT_EQ(Jobs().size(), 1);
  const auto record = runs::ReadJob(Jobs()[0]);
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ(record->facts.type, "sh.keptn.event.deployment.triggered");
  EXPECT_EQ(record->ledger.state, runs::Ledger::State::kNothing);
  EXPECT_TRUE(record->has_answer_finalizer);
  EXPECT_EQ(Jobs()[0]["spec"]["activeDeadlineSeconds"], 300);
}

TEST_F(RunTaskTest, ATaskOfAnotherNamespaceIsAMemberOfARecord) {
  auto request = Request();
  request.mutable_spec()->set_namespace_("other");
  ASSERT_THAT(Run(request), IsOk());
  EXPECT_THAT(response_.job(), HasSubstr("other/jes-"));
  EXPECT_EQ(kube_.All(kube::Jobs("other")).size(), 1);
  EXPECT_EQ(kube_.All(kube::Jobs("home")).size(), 1);
}

TEST_F(RunTaskTest, WhatIsRefusedLeavesNothingBehind) {
  EXPECT_THAT(Run(YamlRequest("{name: t, image: i, x: 1}")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("task_yaml:1:21")));
  const absl::Status privileged =
      Run(YamlRequest("{name: t, image: i, securityContext: {privileged: true}}"));
  EXPECT_THAT(privileged, StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("privileged")));
  EXPECT_EQ(GetReason(privileged), "PRIVILEGED_NOT_ALLOWED");
  EXPECT_THAT(Run(YamlRequest("{name: t, image: i, files: [f]}")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("files")));
  kube_.FailNext("create", absl::InvalidArgumentError("spec.x: bad"));
  EXPECT_THAT(Run(YamlRequest("{name: t, image: i}")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("spec.x: bad")));
  EXPECT_TRUE(Jobs().empty());

  EXPECT_THAT(Run(YamlRequest("{name: t, image: i}")), IsOk()) << "the id is free";
}

TEST_F(RunTaskTest, WhatIsStoredStandsEvenIfItWouldBeRefusedNow) {
  ASSERT_THAT(Run(YamlRequest("{name: t, image: i}")), IsOk());
  EXPECT_THAT(Run(YamlRequest("{name: t, image: i, securityContext: {privileged: true}}")), IsOk());
  EXPECT_TRUE(response_.already_known());
}

TEST_F(RunTaskTest, AQuotaIsToldAndMayBeTriedAgain) {
  absl::Status quota = absl::PermissionDeniedError("exceeded quota");
  SetReason(quota, "QUOTA");
  kube_.FailNext("create", quota);
  EXPECT_THAT(Run(Request()), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("quota")));
  EXPECT_THAT(Run(Request()), IsOk());
}

TEST_F(RunTaskTest, ARunTaskCanBeCancelledByItsRun) {
  ASSERT_THAT(Run(Request()), IsOk());
  jobexecutor::v1::CancelRunsRequest request;
  request.set_run(response_.run());
  request.set_requested_by("bob");
  jobexecutor::v1::CancelRunsResponse cancelled;
  {
    grpc::ClientContext context;
    ASSERT_THAT(rpc::FromGrpc(stub_->CancelRuns(&context, request, &cancelled)), IsOk());
  }
  ASSERT_EQ(cancelled.events_size(), 1);
  EXPECT_EQ(cancelled.events(0).result(), jobexecutor::v1::CancelledEvent::RESULT_MARKED);
  EXPECT_EQ(runs::ReadJob(Jobs()[0])->cancels[0].by, "bob");

  request.set_run("x");
  grpc::ClientContext context;
  EXPECT_THAT(rpc::FromGrpc(stub_->CancelRuns(&context, request, &cancelled)),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
}

class FetchTest : public ServicesTest {
 protected:
  absl::Status Fetch(const std::string& grant) {
    const auto stub = jobexecutor::v1::Resources::NewStub(channel_);
    grpc::ClientContext context;
    jobexecutor::v1::FetchRequest request;
    request.set_grant(grant);
    const auto reader = stub->Fetch(&context, request);
    jobexecutor::v1::FetchResponse piece;
    while (reader->Read(&piece)) {
      files_[piece.path()] += piece.chunk();
      executable_[piece.path()] |= piece.executable();
    }
    return rpc::FromGrpc(reader->Finish());
  }
  std::string GrantFor(std::vector<std::string> files) {
    return signer_.Sign({.scope = {"p", "s", "v"},
                         .files = std::move(files),
                         .job = "home/j",
                         .expiry = RealClock().TimeNow() + absl::Hours(1)});
  }

  std::map<std::string, std::string> files_;
  std::map<std::string, bool> executable_;
};

TEST_F(FetchTest, StreamsTheGrantedFilesWhole) {
  const std::string large(2'500'000, 'x');
  store_.Put("run.sh", "#!/bin/sh\n");
  store_.Put("large", large);
  store_.Put("empty", "");

  EXPECT_THAT(Fetch(GrantFor({"run.sh", "large", "empty"})), IsOk());

  EXPECT_EQ(files_.size(), 3);
  EXPECT_EQ(files_["large"], large);
  EXPECT_TRUE(executable_["run.sh"]);
  EXPECT_FALSE(executable_["large"]);
}

TEST_F(FetchTest, SendsWhatSeveralEntriesNameOnce) {
  store_.Put("run.sh", "echo hi\n");

  EXPECT_THAT(Fetch(GrantFor({"run.sh", "run.sh", "/run.sh"})), IsOk());

  EXPECT_EQ(files_["run.sh"], "echo hi\n");
}

TEST_F(FetchTest, ReadsTheCommitOfTheGrantAlone) {
  store_.Put("f", "x");

  EXPECT_THAT(Fetch(signer_.Sign({.scope = {"p", "s", "v"},
                                  .commit = "e7c61f9b",
                                  .files = {"f"},
                                  .expiry = RealClock().TimeNow() + absl::Hours(1)})),
              IsOk());

  EXPECT_THAT(store_.commits(), ::testing::ElementsAre("e7c61f9b"));
}

TEST_F(FetchTest, RefusesPathsThatLeaveTheirLevel) {
  for (const char* path : {"../x", "/../x", "a/../../x", ""}) {
    EXPECT_THAT(Fetch(GrantFor({path})), StatusIs(absl::StatusCode::kInvalidArgument, _)) << path;
  }
  EXPECT_TRUE(files_.empty());
}

TEST_F(FetchTest, RefusesWithoutAGoodGrant) {
  store_.Put("f", "x");

  for (const std::string& grant : {std::string(), std::string("x.y"), GrantFor({"f"}) + "z"}) {
    EXPECT_THAT(Fetch(grant), StatusIs(absl::StatusCode::kUnauthenticated, _));
  }
  EXPECT_TRUE(files_.empty());
  EXPECT_EQ(metrics_.fetches_denied.Value(), 3);
}

TEST_F(FetchTest, NamesTheFileThatIsMissing) {
  EXPECT_THAT(Fetch(GrantFor({"nope.txt"})),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nope.txt")));
}

}  // namespace
}  // namespace jobexec::scheduler
