// Marks events as cancelled. What follows from a mark is the reporter's part.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "common/runs/schema.h"
#include "jobexecutor/v1/scheduler.pb.h"

namespace jobexec::scheduler {

// Thread-safe; Cancel blocks on the Kubernetes API.
class Canceller {
 public:
  struct Options {
    std::string installation;
    std::string job_namespace;  // where the anchors are
  };

  // The references must outlive the canceller.
  Canceller(Options options, kube::Client& kube, Clock& clock)
      : options_(std::move(options)), kube_(kube), clock_(clock) {}

  // Errors as for Scheduler.CancelRuns. Starts no call of the API after `deadline`. Needs the right
  // to list Jobs only if a context or a sequence is selected.
  absl::StatusOr<jobexecutor::v1::CancelRunsResponse> Cancel(
      const jobexecutor::v1::CancelRunsRequest& request, absl::Time deadline);

 private:
  // One call: what to write, and until when.
  struct Order {
    runs::Cancel cancel;
    absl::Time deadline;
    bool include_silent = true;  // else only runs that owe an answer
  };
  // Which anchors of a Keptn context are meant.
  using Selects = absl::FunctionRef<bool(const runs::JobRecord& anchor)>;

  absl::StatusOr<absl::Duration> TimeLeft(absl::Time deadline);
  absl::StatusOr<nlohmann::json> Read(const std::string& name, const Order& order);
  absl::StatusOr<jobexecutor::v1::CancelRunsResponse> CancelEvent(
      const jobexecutor::v1::EventRef& event, const Order& order);
  absl::StatusOr<jobexecutor::v1::CancelRunsResponse> CancelRun(const std::string& run,
                                                                Order order);
  absl::StatusOr<jobexecutor::v1::CancelRunsResponse> CancelContext(const std::string& context,
                                                                    const Order& order);
  absl::StatusOr<jobexecutor::v1::CancelRunsResponse> CancelSequence(
      const jobexecutor::v1::SequenceRef& sequence, Order order);
  absl::StatusOr<jobexecutor::v1::CancelRunsResponse> CancelOfContext(const std::string& context,
                                                                      Selects selects,
                                                                      const Order& order);
  absl::Status CancelPage(const nlohmann::json& list, Selects selects, const Order& order,
                          jobexecutor::v1::CancelRunsResponse& response);
  absl::Status Mark(nlohmann::json anchor, const Order& order,
                    jobexecutor::v1::CancelRunsResponse& response);
  absl::StatusOr<jobexecutor::v1::CancelledEvent::Result> MarkUntilStored(
      nlohmann::json& anchor, runs::JobRecord& record, const std::vector<runs::Cancel>& marks,
      const Order& order);

  const Options options_;
  kube::Client& kube_;
  Clock& clock_;
};

}  // namespace jobexec::scheduler
