#include "tests/support/test_scheduler.h"

#include <gtest/gtest.h>

#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"

namespace jobexec::testing {

// Reads go on while the stream stands. Every Start and the one Finish are made in Step, one at a
// time and without the lock, so nothing can start after Finish.
class TestScheduler::Stream final : public grpc::ServerBidiReactor<Submission, Outcome>,
                                    public std::enable_shared_from_this<Stream> {
 public:
  explicit Stream(TestScheduler& scheduler) : scheduler_(scheduler) {}

  void Send(Outcome outcome) {
    {
      absl::MutexLock lock(&mutex_);
      outbox_.push_back(std::move(outcome));
    }
    Step();
  }

  void End(const grpc::Status& status) {
    {
      absl::MutexLock lock(&mutex_);
      if (!end_) end_ = status;
    }
    Step();
  }

  void Step() {
    const auto self = shared_from_this();
    {
      absl::MutexLock lock(&mutex_);
      if (stepping_) return;
      stepping_ = true;
    }
    while (auto action = NextAction()) action();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return End(grpc::Status::OK);
    scheduler_.OnSubmission(shared_from_this(), submission_);
    {
      absl::MutexLock lock(&mutex_);
      reading_ = false;
    }
    Step();
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
    }
    if (!ok) return End(grpc::Status(grpc::StatusCode::UNKNOWN, "write failed"));
    Step();
  }

  void OnCancel() override { End(grpc::Status(grpc::StatusCode::CANCELLED, "cancelled")); }

  void OnDone() override { scheduler_.OnDone(this); }

 private:
  // What to start now; empty when nothing is due, which ends the stepping.
  std::function<void()> NextAction() {
    absl::MutexLock lock(&mutex_);
    if (!finished_ && end_) {
      finished_ = true;
      return [this, status = *end_] { Finish(status); };
    }
    if (!finished_ && !reading_) {
      reading_ = true;
      return [this] { StartRead(&submission_); };
    }
    if (!finished_ && !writing_ && !outbox_.empty()) {
      writing_ = true;
      writing_outcome_ = std::move(outbox_.front());
      outbox_.pop_front();
      return [this] { StartWrite(&writing_outcome_); };
    }
    stepping_ = false;
    return nullptr;
  }

  TestScheduler& scheduler_;
  absl::Mutex mutex_;
  std::deque<Outcome> outbox_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool stepping_ ABSL_GUARDED_BY(mutex_) = false;
  Submission submission_;    // the read in flight
  Outcome writing_outcome_;  // the write in flight
};

class TestScheduler::Service final : public jobexecutor::v1::Scheduler::CallbackService {
 public:
  explicit Service(TestScheduler& scheduler) : scheduler_(scheduler) {}

  grpc::ServerBidiReactor<Submission, Outcome>* StreamEvents(
      grpc::CallbackServerContext* /*context*/) override {
    auto stream = std::make_shared<Stream>(scheduler_);
    {
      absl::MutexLock lock(&scheduler_.mutex_);
      scheduler_.streams_.push_back(stream);
      ++scheduler_.opened_;
    }
    stream->Step();
    return stream.get();
  }

  grpc::ServerUnaryReactor* CancelRuns(grpc::CallbackServerContext* context,
                                       const CancelRequest* request,
                                       CancelResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(scheduler_.Cancel(*request, *response));
    return reactor;
  }

 private:
  TestScheduler& scheduler_;
};

TestScheduler::TestScheduler(Script script, int port)
    : script_(std::move(script)), service_(std::make_unique<Service>(*this)) {
  auto server = rpc::Server::Start({.address = "127.0.0.1", .port = port}, {service_.get()});
  if (!server.ok()) {
    ADD_FAILURE() << server.status();
    std::abort();
  }
  server_ = *std::move(server);
  server_->SetServing(true);
}

TestScheduler::~TestScheduler() = default;

std::string TestScheduler::address() const { return absl::StrCat("127.0.0.1:", port()); }

std::vector<TestScheduler::Submission> TestScheduler::Received() const {
  absl::MutexLock lock(&mutex_);
  return received_;
}

bool TestScheduler::WaitForReceived(size_t count) const {
  absl::MutexLock lock(&mutex_);
  const auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return received_.size() >= count;
  };
  return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(30));
}

void TestScheduler::Send(const Outcome& outcome) {
  const auto streams = Streams();
  ASSERT_FALSE(streams.empty());
  streams.back()->Send(outcome);
}

void TestScheduler::CutStreams() {
  for (const auto& stream : Streams()) {
    stream->End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut by the test"));
  }
}

int TestScheduler::StreamsOpened() const {
  absl::MutexLock lock(&mutex_);
  return opened_;
}

void TestScheduler::OnCancelRuns(CancelScript script) {
  absl::MutexLock lock(&mutex_);
  cancel_script_ = std::move(script);
}

std::vector<TestScheduler::CancelRequest> TestScheduler::Cancels() const {
  absl::MutexLock lock(&mutex_);
  return cancels_;
}

grpc::Status TestScheduler::Cancel(const CancelRequest& request, CancelResponse& response) {
  CancelScript script;
  {
    absl::MutexLock lock(&mutex_);
    cancels_.push_back(request);
    script = cancel_script_;
  }
  if (!script) return grpc::Status(grpc::StatusCode::NOT_FOUND, "nothing is in the cluster");
  return script(request, response);
}

void TestScheduler::OnSubmission(const std::shared_ptr<Stream>& stream,
                                 const Submission& submission) {
  {
    absl::MutexLock lock(&mutex_);
    received_.push_back(submission);
  }
  std::optional<Outcome> outcome = script_(submission);
  if (!outcome) return;
  outcome->set_sequence(submission.sequence());
  stream->Send(*std::move(outcome));
}

void TestScheduler::OnDone(const Stream* stream) {
  std::shared_ptr<Stream> last;
  absl::MutexLock lock(&mutex_);
  for (auto it = streams_.begin(); it != streams_.end(); ++it) {
    if (it->get() != stream) continue;
    last = std::move(*it);
    streams_.erase(it);
    return;
  }
}

std::vector<std::shared_ptr<TestScheduler::Stream>> TestScheduler::Streams() const {
  absl::MutexLock lock(&mutex_);
  return streams_;
}

TestScheduler::Outcome TestScheduler::Accepted(absl::string_view action) {
  Outcome outcome;
  auto& run = *outcome.mutable_accepted()->add_runs();
  run.set_action(std::string(action));
  run.add_jobs("jobs/jes-1-000-001");
  return outcome;
}

TestScheduler::Outcome TestScheduler::Ignored(absl::string_view reason) {
  Outcome outcome;
  outcome.mutable_ignored()->set_reason(std::string(reason));
  return outcome;
}

TestScheduler::Outcome TestScheduler::Rejected(int code, absl::string_view reason,
                                               absl::string_view message, bool recorded) {
  Outcome outcome;
  outcome.mutable_rejected()->set_code(code);
  outcome.mutable_rejected()->set_reason(std::string(reason));
  outcome.mutable_rejected()->set_message(std::string(message));
  outcome.mutable_rejected()->set_recorded(recorded);
  return outcome;
}

TestScheduler::Outcome TestScheduler::Retry(int64_t seconds, absl::string_view reason) {
  Outcome outcome;
  outcome.mutable_retry()->mutable_delay()->set_seconds(seconds);
  outcome.mutable_retry()->set_reason(std::string(reason));
  return outcome;
}

}  // namespace jobexec::testing
