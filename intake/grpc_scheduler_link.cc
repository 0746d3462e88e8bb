#include "intake/grpc_scheduler_link.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/status.h"
#include "common/rpc/time.h"
#include "common/telemetry/log.h"
#include "jobexecutor/v1/scheduler.grpc.pb.h"

namespace jobexec::intake {
namespace {

constexpr absl::Duration kRetryDelay = absl::Seconds(1);

absl::Duration UntilDeadline(const EventSubmission& submission, Clock& clock) {
  return rpc::FromWire(submission.deadline()) - clock.TimeNow();
}

}  // namespace

// One call of StreamEvents. Reactions only note what happened, or hand a message over.
//
// Its flags are guarded by the link's mutex, but gRPC is only called after unlocking. Two rules
// keep that safe: writes start outside of reactions, so a hold keeps the call from being done until
// the last of them has started, and the hold is never removed while `write_in_flight` is set, which
// happens under the lock before the write starts. Reads go on until one fails, else OnDone would
// never come.
class GrpcSchedulerLink::Stream final
    : public grpc::ClientBidiReactor<EventSubmission, EventOutcome> {
 public:
  explicit Stream(GrpcSchedulerLink& link)
      : link_(link), stub_(jobexecutor::v1::Scheduler::NewStub(link.channel_)) {}

  // Nothing of the stream may be touched by other threads before this has returned.
  void Start() {
    stub_->async()->StreamEvents(&context_, this);
    AddHold();
    StartRead(&outcome_);
    StartCall();
  }

  void Write(std::shared_ptr<const EventSubmission> submission) {
    in_flight_ = std::move(submission);
    StartWrite(in_flight_.get());
  }

  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return EndWrites();
    {
      absl::MutexLock lock(&link_.mutex_);
      useful = true;
    }
    link_.OnOutcome(std::move(outcome_));
    StartRead(&outcome_);
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&link_.mutex_);
      write_in_flight = false;
    }
    if (!ok) return EndWrites();
    ReleaseHoldIfEnded();
    link_.WriteNext();
  }

  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&link_.mutex_);
    end = rpc::FromGrpc(status);
    done = true;
    // The link's thread may destroy the stream as soon as the lock is gone.
  }

  // No write starts any more.
  void EndWrites() {
    {
      absl::MutexLock lock(&link_.mutex_);
      writable = false;
      ended = true;
    }
    ReleaseHoldIfEnded();
  }

  // Guarded by the link's mutex.
  bool writable = false;  // started and not ended
  bool ended = false;
  bool write_in_flight = false;
  bool useful = false;  // an outcome came
  bool done = false;    // OnDone: gRPC has let go of the stream
  absl::Status end;     // why, once it is done

 private:
  void ReleaseHoldIfEnded() {
    {
      absl::MutexLock lock(&link_.mutex_);
      if (!ended || write_in_flight || !held_) return;
      held_ = false;
    }
    RemoveHold();
  }

  GrpcSchedulerLink& link_;
  const std::unique_ptr<jobexecutor::v1::Scheduler::Stub> stub_;
  grpc::ClientContext context_;
  EventOutcome outcome_;                              // the read in flight
  std::shared_ptr<const EventSubmission> in_flight_;  // the write in flight
  bool held_ = true;                                  // guarded by the link's mutex
};

GrpcSchedulerLink::GrpcSchedulerLink(std::shared_ptr<grpc::Channel> channel, const Options& options,
                                     Clock& clock, Metrics& metrics)
    : channel_(std::move(channel)),
      options_(options),
      clock_(clock),
      metrics_(metrics),
      window_(options.capacity, options.credits),
      backoff_(options.first_backoff, options.longest_backoff),
      thread_([this] { Run(); }) {}

GrpcSchedulerLink::~GrpcSchedulerLink() { Stop(absl::ZeroDuration()); }

void GrpcSchedulerLink::Submit(EventSubmission submission, Callback done) {
  const absl::Duration expiry = clock_.Elapsed() + UntilDeadline(submission, clock_);
  const absl::string_view refusal = TryAdd(submission, expiry, done);
  if (!refusal.empty()) return std::move(done)(RetryOutcome(kRetryDelay, refusal));
  WriteNext();
}

absl::string_view GrpcSchedulerLink::TryAdd(EventSubmission& submission, absl::Duration expiry,
                                            Callback& done) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return "intake is stopping";
  if (window_.Full()) return "too many events wait for the scheduler";
  window_.Add(std::move(submission), expiry, std::move(done));
  return "";
}

bool GrpcSchedulerLink::Up() const {
  {
    absl::MutexLock lock(&mutex_);
    if (stream_ == nullptr || !stream_->writable) return false;
  }
  return channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
}

void GrpcSchedulerLink::Stop(absl::Duration grace) {
  if (stop_.HasBeenNotified()) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    NoteIfDrainedLocked();
  }
  clock_.WaitOrStop(drained_, grace);
  stop_.Notify();
  thread_.join();

  std::vector<Callback> rest;
  {
    absl::MutexLock lock(&mutex_);
    rest = window_.TakeAll();
  }
  for (Callback& done : rest) {
    std::move(done)(RetryOutcome(kRetryDelay, "intake is stopping"));
  }
}

void GrpcSchedulerLink::Run() {
  do {
    GiveUpOverdue();
    KeepStream();
    metrics_.SetStreamUp(Up());
  } while (!clock_.WaitOrStop(stop_, options_.tick));
  EndStream();
  metrics_.SetStreamUp(false);
}

void GrpcSchedulerLink::GiveUpOverdue() {
  std::vector<Callback> expired;
  {
    absl::MutexLock lock(&mutex_);
    expired = window_.TakeExpired(clock_.Elapsed());
    NoteIfDrainedLocked();
  }
  for (Callback& done : expired) {
    std::move(done)(RetryOutcome(kRetryDelay, "no scheduler decided the event in time"));
  }
}

// Opens, replaces or leaves the stream, whatever is due.
void GrpcSchedulerLink::KeepStream() {
  Stream* stalled = nullptr;
  bool done = false;
  bool absent = false;
  {
    absl::MutexLock lock(&mutex_);
    absent = stream_ == nullptr;
    done = !absent && stream_->done;
    if (!absent && window_.Stalled(clock_.Elapsed(), options_.patience)) stalled = stream_.get();
  }
  if (done) {
    RetireStream();
  } else if (stalled != nullptr) {
    log::Warning("the scheduler is silent, leaving its stream");
    stalled->Cancel();
  } else if (absent && clock_.Elapsed() >= next_attempt_) {
    OpenStream();
  }
}

void GrpcSchedulerLink::OpenStream() {
  auto opened = std::make_unique<Stream>(*this);
  Stream& stream = *opened;
  {
    absl::MutexLock lock(&mutex_);
    window_.StartStream();
    stream_ = std::move(opened);
  }
  stream.Start();
  {
    absl::MutexLock lock(&mutex_);
    stream.writable = !stream.ended;
  }
  WriteNext();
}

// The stream is done: frees it and sets the time of the next attempt.
void GrpcSchedulerLink::RetireStream() {
  std::unique_ptr<Stream> retired;
  {
    absl::MutexLock lock(&mutex_);
    retired = std::move(stream_);
  }
  metrics_.CountReconnect();
  if (retired->useful) backoff_.Reset();
  const absl::Duration delay = backoff_.Next();
  next_attempt_ = clock_.Elapsed() + delay;
  log::Warning("stream to the scheduler ended, opening another",
               {{"error", retired->end.ToString()}, {"in", absl::FormatDuration(delay)}});
}

// The link stops: ends the stream and waits until gRPC has let go of it.
void GrpcSchedulerLink::EndStream() {
  Stream* stream = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    stream = stream_.get();
  }
  if (stream == nullptr) return;
  stream->EndWrites();
  stream->Cancel();
  std::unique_ptr<Stream> ended;
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&stream->done));
  ended = std::move(stream_);
}

void GrpcSchedulerLink::WriteNext() {
  Stream* stream = nullptr;
  std::shared_ptr<const EventSubmission> next;
  {
    absl::MutexLock lock(&mutex_);
    stream = stream_.get();
    if (stream == nullptr || !stream->writable || stream->write_in_flight) return;
    next = window_.NextToWrite();
    if (next == nullptr) return;
    stream->write_in_flight = true;
  }
  stream->Write(std::move(next));
}

void GrpcSchedulerLink::OnOutcome(EventOutcome outcome) {
  SubmissionWindow::Answered answered;
  {
    absl::MutexLock lock(&mutex_);
    answered = window_.TakeAnswered(outcome.sequence());
    NoteIfDrainedLocked();
  }
  WriteNext();
  if (!answered.known) {
    log::Warning("the scheduler answered a submission that does not exist",
                 {{"sequence", absl::StrCat(outcome.sequence())}});
  }
  if (!answered.done) return;
  if (outcome.outcome_case() == EventOutcome::OUTCOME_NOT_SET) {
    outcome = RetryOutcome(kRetryDelay, "the scheduler's answer has no outcome");
  }
  std::move (*answered.done)(std::move(outcome));
}

void GrpcSchedulerLink::NoteIfDrainedLocked() {
  if (stopping_ && window_.Empty() && !drained_.HasBeenNotified()) drained_.Notify();
}

}  // namespace jobexec::intake
