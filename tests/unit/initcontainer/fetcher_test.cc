#include "initcontainer/fetcher.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::initcontainer {
namespace {

using ::jobexec::testing::StatusIs;
using jobexecutor::v1::FetchRequest;
using jobexecutor::v1::FetchResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Answers each call with the next status, after one file that was cut short if it is an error.
class ScriptedResources final : public jobexecutor::v1::Resources::Service {
 public:
  grpc::Status Fetch(grpc::ServerContext*, const FetchRequest* request,
                     grpc::ServerWriter<FetchResponse>* writer) override {
    const grpc::Status status = TakeResult(request->grant());
    FetchResponse piece;
    piece.set_path("dir/run.sh");
    piece.set_chunk("#!/bin/sh\n");
    piece.set_executable(true);
    writer->Write(piece);
    if (!status.ok()) return status;
    piece.set_chunk("echo hi\n");
    piece.set_executable(false);
    writer->Write(piece);
    piece.set_path("empty");
    piece.clear_chunk();
    writer->Write(piece);
    return status;
  }

  void Script(std::deque<grpc::Status> results) {
    absl::MutexLock lock(&mutex_);
    results_ = std::move(results);
  }
  std::vector<std::string> grants() const {
    absl::MutexLock lock(&mutex_);
    return grants_;
  }

 private:
  grpc::Status TakeResult(const std::string& grant) {
    absl::MutexLock lock(&mutex_);
    grants_.push_back(grant);
    grpc::Status result = results_.front();
    results_.pop_front();
    return result;
  }

  mutable absl::Mutex mutex_;
  std::deque<grpc::Status> results_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> grants_ ABSL_GUARDED_BY(mutex_);
};

class FetcherTest : public ::testing::Test {
 protected:
  absl::StatusOr<int> Fetch() {
    auto server = rpc::Server::Start({.address = "127.0.0.1"}, {&service_});
    const auto stub = jobexecutor::v1::Resources::NewStub(
        rpc::CreateChannel("127.0.0.1:" + std::to_string((*server)->port())));
    FileWriter writer(directory_.path());
    // Deadlines of gRPC are on the real clock.
    clock_.Advance(RealClock().TimeNow() - clock_.TimeNow());
    return FetchFiles(*stub, {.scheduler = "scheduler:7000", .grant = "secret"}, writer, clock_);
  }

  ScriptedResources service_;
  testing::TempDirectory directory_;
  testing::FakeClock clock_;
};

TEST_F(FetcherTest, WritesEveryFile) {
  service_.Script({grpc::Status::OK});

  EXPECT_EQ(*Fetch(), 2);

  EXPECT_EQ(*ReadFile(directory_.path() + "/dir/run.sh", 100), "#!/bin/sh\necho hi\n");
  EXPECT_EQ(*ReadFile(directory_.path() + "/empty", 100), "");
  EXPECT_EQ(service_.grants().front(), "secret");
}

TEST_F(FetcherTest, StartsAgainAfterATransientError) {
  service_.Script({grpc::Status(grpc::StatusCode::UNAVAILABLE, "store down"), grpc::Status::OK});

  EXPECT_EQ(*Fetch(), 2);

  EXPECT_EQ(*ReadFile(directory_.path() + "/dir/run.sh", 100), "#!/bin/sh\necho hi\n");
}

TEST_F(FetcherTest, GivesUpAtOnceOnAPermanentError) {
  service_.Script({grpc::Status(grpc::StatusCode::NOT_FOUND, "file \"x\" is on no level")});

  EXPECT_THAT(Fetch(),
              StatusIs(absl::StatusCode::kNotFound, AllOf(HasSubstr("scheduler:7000 (attempt 1)"),
                                                          HasSubstr("file \"x\" is on no level"))));
  EXPECT_EQ(service_.grants().size(), 1);
}

// What is wrong with the volume is not worth a second attempt.
TEST_F(FetcherTest, GivesUpAtOnceIfItCannotWrite) {
  directory_.Write("dir", "a file where a folder has to be");
  service_.Script({grpc::Status::OK, grpc::Status::OK});

  EXPECT_THAT(Fetch(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/dir/run.sh")));
  EXPECT_EQ(service_.grants().size(), 1);
}

TEST_F(FetcherTest, SaysThatNobodyAnswered) {
  const auto stub = jobexecutor::v1::Resources::NewStub(rpc::CreateChannel("127.0.0.1:1"));
  FileWriter writer(directory_.path());
  clock_.Advance(RealClock().TimeNow() - clock_.TimeNow());
  const FetchOptions options = {.scheduler = "scheduler:7000",
                                .grant = "secret",
                                .attempt_timeout = absl::Milliseconds(50),
                                .retry_for = absl::ZeroDuration()};

  EXPECT_THAT(FetchFiles(*stub, options, writer, clock_),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       AllOf(HasSubstr("scheduler:7000 (attempt 1)"),
                             HasSubstr("no whole answer within 50ms"))));
}

TEST_F(FetcherTest, GivesUpWhenItsTimeIsOver) {
  service_.Script(
      std::deque<grpc::Status>(200, grpc::Status(grpc::StatusCode::UNAVAILABLE, "store down")));

  EXPECT_THAT(Fetch(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("store down")));
  EXPECT_GT(service_.grants().size(), 3);
  EXPECT_LT(service_.grants().size(), 100);
}

}  // namespace
}  // namespace jobexec::initcontainer
