// A scheduler in this process that says what the test wants: the server side of StreamEvents and of
// CancelRuns.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/server.h"
#include "jobexecutor/v1/scheduler.grpc.pb.h"

namespace jobexec::testing {

// Thread-safe.
class TestScheduler {
 public:
  using Submission = jobexecutor::v1::EventSubmission;
  using Outcome = jobexecutor::v1::EventOutcome;
  // Decides a submission on a gRPC thread; nothing: it stays open until Answer. The sequence number
  // is filled in by the test scheduler.
  using Script = std::function<std::optional<Outcome>(const Submission&)>;

  // Serves on loopback; port 0: any. Fails the test if it cannot.
  explicit TestScheduler(Script script, int port = 0);

  // Stops; every stream is cut.
  ~TestScheduler();

  int port() const { return server_->port(); }
  std::string address() const;

  // Everything that came, on all streams, in order.
  std::vector<Submission> Received() const;

  // Waits until at least `count` submissions have come. False after 30 s.
  bool WaitForReceived(size_t count) const;

  // Sends `outcome`, as it is, on the newest stream.
  void Send(const Outcome& outcome);

  // Ends every stream with UNAVAILABLE.
  void CutStreams();

  // Streams opened so far.
  int StreamsOpened() const;

  using CancelRequest = jobexecutor::v1::CancelRunsRequest;
  using CancelResponse = jobexecutor::v1::CancelRunsResponse;
  // Answers a CancelRuns on a gRPC thread; without a script nothing is found.
  using CancelScript = std::function<grpc::Status(const CancelRequest&, CancelResponse&)>;
  void OnCancelRuns(CancelScript script);

  // Every CancelRuns that came.
  std::vector<CancelRequest> Cancels() const;

  // Outcomes to give.
  static Outcome Accepted(absl::string_view action = "act");
  static Outcome Ignored(absl::string_view reason);
  static Outcome Rejected(int code, absl::string_view reason, absl::string_view message,
                          bool recorded);
  static Outcome Retry(int64_t seconds, absl::string_view reason);

 private:
  class Stream;
  class Service;

  void OnSubmission(const std::shared_ptr<Stream>& stream, const Submission& submission);
  grpc::Status Cancel(const CancelRequest& request, CancelResponse& response);
  void OnDone(const Stream* stream);
  std::vector<std::shared_ptr<Stream>> Streams() const;

  const Script script_;
  mutable absl::Mutex mutex_;
  std::vector<Submission> received_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
  int opened_ ABSL_GUARDED_BY(mutex_) = 0;
  CancelScript cancel_script_ ABSL_GUARDED_BY(mutex_);
  std::vector<CancelRequest> cancels_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Service> service_;
  std::unique_ptr<rpc::Server> server_;  // destroyed first, which ends the streams
};

}  // namespace jobexec::testing
