#include "scheduler/event_stream.h"

#include <grpcpp/grpcpp.h>

#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace jobexec::scheduler {

using jobexecutor::v1::EventOutcome;
using jobexecutor::v1::EventSubmission;

// All state of one call. Shared by the reactor and the workers that still decide its submissions.
class EventStream final : public grpc::ServerBidiReactor<EventSubmission, EventOutcome> {
 public:
  EventStream(SubmissionQueue& queue, int window, Metrics& metrics)
      : queue_(queue), window_(window), metrics_(metrics) {}

  // Keeps itself alive until OnDone.
  void Start(std::shared_ptr<EventStream> self) {
    metrics_.streams.Increment();
    self_ = std::move(self);
    StartRead(&incoming_);
  }

  void Drain() {
    Act([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      reads_ended_ = true;
      finish_status_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the scheduler is stopping");
    });
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Act([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { reads_ended_ = true; });
      return;
    }
    if (incoming_.sequence() <= last_sequence_) {
      const std::string text = absl::StrCat("sequence ", incoming_.sequence(), " follows ",
                                            last_sequence_, ": expected a larger number");
      Act([this, &text]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        reads_ended_ = true;
        finish_status_ = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, text);
      });
      return;
    }
    last_sequence_ = incoming_.sequence();
    Act([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { ++undecided_; });
    queue_.Submit(std::move(incoming_),
                  [self = self_](EventOutcome outcome) { self->Decided(std::move(outcome)); });
    incoming_.Clear();
    Act([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { read_wanted_ = true; });
  }

  void OnWriteDone(bool ok) override {
    Act([this, ok]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      write_pending_ = false;
      if (!ok) broken_ = true;
    });
  }

  void OnCancel() override {
    Act([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { broken_ = true; });
  }

  void OnDone() override {
    metrics_.streams.Decrement();
    // Workers may still hold the state; it goes with the last of them.
    auto self = std::move(self_);
  }

 private:
  void Decided(EventOutcome outcome) {
    Act([this, &outcome]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      --undecided_;
      if (!finished_ && !broken_) outbox_.push_back(std::move(outcome));
    });
  }

  // What to start once the lock is released.
  struct Next {
    bool read = false;
    bool write = false;
    bool buffer = false;
    std::optional<grpc::Status> finish;
  };

  // Changes the state under the lock, then starts what follows from it outside the lock.
  // `starting_` keeps Finish back until no other thread is between deciding and starting an
  // operation.
  template <typename Change>
  void Act(Change change) {
    Next next;
    {
      absl::MutexLock lock(&mutex_);
      change();
      next = DecideLocked();
    }
    while (next.read || next.write) {
      if (next.read) StartRead(&incoming_);
      if (next.write) StartWrite(&writing_, Options(next.buffer));
      absl::MutexLock lock(&mutex_);
      --starting_;
      next = DecideLocked();
    }
    if (next.finish.has_value()) Finish(*next.finish);
  }

  static grpc::WriteOptions Options(bool buffer) {
    return buffer ? grpc::WriteOptions().set_buffer_hint() : grpc::WriteOptions();
  }

  Next DecideLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Next next;
    if (finished_) return next;
    const bool answered = reads_ended_ && outbox_.empty() && undecided_ == 0;
    if (broken_ || answered) {
      if (starting_ > 0 || write_pending_) return next;
      finished_ = true;
      next.finish =
          broken_ ? grpc::Status(grpc::StatusCode::CANCELLED, "the stream broke") : finish_status_;
      return next;
    }
    if (read_wanted_ && !reads_ended_ && undecided_ < window_) {
      read_wanted_ = false;
      next.read = true;
    }
    if (!write_pending_ && !outbox_.empty()) {
      writing_ = std::move(outbox_.front());
      outbox_.pop_front();
      write_pending_ = true;
      next.write = true;
      next.buffer = !outbox_.empty();
    }
    if (next.read || next.write) ++starting_;
    return next;
  }

  SubmissionQueue& queue_;
  const int window_;
  Metrics& metrics_;
  std::shared_ptr<EventStream> self_;

  // Touched by one read reaction at a time.
  EventSubmission incoming_;
  uint64_t last_sequence_ = 0;
  // Owned by gRPC while a write is pending.
  EventOutcome writing_;

  absl::Mutex mutex_;
  std::deque<EventOutcome> outbox_ ABSL_GUARDED_BY(mutex_);  // at most `window_`
  int undecided_ ABSL_GUARDED_BY(mutex_) = 0;
  int starting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool read_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool reads_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool write_pending_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status finish_status_ ABSL_GUARDED_BY(mutex_);
};

grpc::ServerBidiReactor<EventSubmission, EventOutcome>* EventStreams::Serve() {
  auto stream = std::make_shared<EventStream>(queue_, window_, metrics_);
  EventStream* reactor = stream.get();
  bool draining = false;
  {
    absl::MutexLock lock(&mutex_);
    draining = draining_;
    std::erase_if(streams_, [](const auto& known) { return known.expired(); });
    streams_.push_back(stream);
  }
  reactor->Start(std::move(stream));
  if (draining) reactor->Drain();
  return reactor;
}

void EventStreams::Drain() {
  std::vector<std::weak_ptr<EventStream>> streams;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    streams.swap(streams_);
  }
  for (const auto& known : streams) {
    if (const auto stream = known.lock()) stream->Drain();
  }
}

}  // namespace jobexec::scheduler
