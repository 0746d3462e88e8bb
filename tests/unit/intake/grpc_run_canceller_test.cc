#include "intake/grpc_run_canceller.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/rpc/channel.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_scheduler.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::jobexec::testing::TestScheduler;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// What a cancel was answered.
class Answer {
 public:
  RunCanceller::Done Callback() {
    return [this](absl::StatusOr<CancelRunsResponse> response) {
      absl::MutexLock lock(&mutex_);
      EXPECT_FALSE(answer_.has_value()) << "it came twice";
      answer_ = std::move(response);
    };
  }
  absl::StatusOr<CancelRunsResponse> Wait() {
    absl::MutexLock lock(&mutex_);
    const auto there = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return answer_.has_value(); };
    if (mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30))) return *answer_;
    return absl::InternalError("no answer came");
  }

 private:
  absl::Mutex mutex_;
  std::optional<absl::StatusOr<CancelRunsResponse>> answer_ ABSL_GUARDED_BY(mutex_);
};

CancelRunsRequest Request(const std::string& context) {
  CancelRunsRequest request;
  request.mutable_sequence()->set_keptn_context(context);
  return request;
}

TestScheduler::Script Nothing() {
  return [](const TestScheduler::Submission&) { return std::nullopt; };
}

TEST(GrpcRunCanceller, CarriesRequestAndResponse) {
  TestScheduler scheduler(Nothing());
  scheduler.OnCancelRuns([](const CancelRunsRequest&, CancelRunsResponse& response) {
    response.add_events()->mutable_event()->set_id("7");
    return grpc::Status::OK;
  });
  GrpcRunCanceller canceller(rpc::CreateChannel(scheduler.address()), {}, RealClock());
  Answer answer;

  canceller.Cancel(Request("ctx"), answer.Callback());

  const auto response = answer.Wait();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->events(0).event().id(), "7");
  ASSERT_THAT(scheduler.Cancels(), SizeIs(1));
  EXPECT_EQ(scheduler.Cancels()[0].sequence().keptn_context(), "ctx");
}

TEST(GrpcRunCanceller, KeepsTheSchedulersError) {
  TestScheduler scheduler(Nothing());
  GrpcRunCanceller canceller(rpc::CreateChannel(scheduler.address()), {}, RealClock());
  Answer answer;

  canceller.Cancel(Request("ctx"), answer.Callback());

  EXPECT_THAT(answer.Wait(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("nothing")));
}

TEST(GrpcRunCanceller, GivesUpWithoutAScheduler) {
  const int port = TestScheduler(Nothing()).port();
  GrpcRunCanceller canceller(rpc::CreateChannel("127.0.0.1:" + std::to_string(port)),
                             {.timeout = absl::Milliseconds(50)}, RealClock());
  Answer answer;

  canceller.Cancel(Request("ctx"), answer.Callback());

  EXPECT_THAT(answer.Wait(), StatusIs(absl::StatusCode::kDeadlineExceeded, _));
}

TEST(GrpcRunCanceller, WaitsForASchedulerThatIsAway) {
  const int port = TestScheduler(Nothing()).port();
  GrpcRunCanceller canceller(rpc::CreateChannel("127.0.0.1:" + std::to_string(port)), {},
                             RealClock());
  Answer answer;
  canceller.Cancel(Request("ctx"), answer.Callback());

  TestScheduler scheduler(Nothing(), port);

  EXPECT_THAT(answer.Wait(), StatusIs(absl::StatusCode::kNotFound, _));
}

TEST(GrpcRunCanceller, RefusesWhatIsTooMuch) {
  const int port = TestScheduler(Nothing()).port();
  GrpcRunCanceller canceller(rpc::CreateChannel("127.0.0.1:" + std::to_string(port)),
                             {.max_calls = 1}, RealClock());
  Answer waits;
  Answer refused;

  canceller.Cancel(Request("a"), waits.Callback());
  canceller.Cancel(Request("b"), refused.Callback());

  EXPECT_THAT(refused.Wait(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("under way")));
  canceller.Stop();
  EXPECT_FALSE(waits.Wait().ok());
}

TEST(GrpcRunCanceller, StopBreaksOffWhatIsOpen) {
  const int port = TestScheduler(Nothing()).port();
  GrpcRunCanceller canceller(rpc::CreateChannel("127.0.0.1:" + std::to_string(port)),
                             {.timeout = absl::Hours(1)}, RealClock());
  Answer open;
  Answer late;
  canceller.Cancel(Request("a"), open.Callback());

  canceller.Stop();
  canceller.Cancel(Request("b"), late.Callback());

  EXPECT_THAT(open.Wait(), StatusIs(absl::StatusCode::kCancelled, _));
  EXPECT_THAT(late.Wait(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stopping")));
  canceller.Stop();
}

}  // namespace
}  // namespace jobexec::intake
