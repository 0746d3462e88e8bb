// The life of one event in the scheduler: read, locate, match, plan, launch.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "jobexecutor/v1/event.pb.h"
#include "scheduler/config_source.h"
#include "scheduler/launcher.h"
#include "scheduler/metrics.h"
#include "scheduler/planner.h"
#include "scheduler/task_request.h"

namespace jobexec::scheduler {

// Thread-safe; Handle blocks on the configuration store and the Kubernetes API.
class EventHandler {
 public:
  struct Options {
    // Used for events whose data names none; empty: such events are ignored.
    resources::Scope default_scope;
    // Until an event is this old (by its own time), what the API server refuses for now is retried;
    // then the event is refused.
    absl::Duration refuse_after = absl::Minutes(10);
  };

  // The references must outlive the handler.
  EventHandler(Options options, ConfigSource& configs, const Planner& planner, Launcher& launcher,
               Clock& clock, Metrics& metrics);

  // The final word on one submission, or RETRY. Safe to repeat.
  jobexecutor::v1::EventOutcome Handle(const jobexecutor::v1::EventSubmission& submission);

  // The same for a task that comes without a config. A task that is refused leaves nothing behind:
  // whoever asked for it is told.
  jobexecutor::v1::EventOutcome HandleTask(const TaskSubmission& task);

  // The plan that Handle would launch, made of the stored config or of `config`; nothing is
  // created. The second member says why there is none. INVALID_ARGUMENT bad event or config;
  // NOT_FOUND no config; transient: the store did not answer.
  struct Preview {
    Plan plan;
    std::string ignored_reason;
  };
  absl::StatusOr<Preview> PreviewPlan(const io::cloudevents::v1::CloudEvent& event,
                                      const std::optional<std::string>& config);

 private:
  // Document and facts, with the default scope filled in. INVALID_ARGUMENT (EVENT_INVALID).
  absl::StatusOr<EventInput> ReadEvent(const jobexecutor::v1::EventSubmission& submission) const;
  absl::Time DeadlineOf(const jobexecutor::v1::EventSubmission& submission) const;
  // What becomes of a refusal of everything.
  enum class Refusals { kRecord, kReturn };
  jobexecutor::v1::EventOutcome LaunchRuns(const EventInput& input, const JobConfig& config,
                                           const std::vector<int>& matching, absl::Time deadline,
                                           Refusals refusals);
  jobexecutor::v1::EventOutcome ReturnRefusal(const EventInput& input, const Plan& plan);
  jobexecutor::v1::EventOutcome LaunchRefusal(const EventInput& input, const absl::Status& why,
                                              bool answered, absl::Time deadline);
  jobexecutor::v1::EventOutcome Committed(const Plan& plan, const LaunchResult& result) const;
  jobexecutor::v1::EventOutcome Retry(const EventInput& input, const absl::Status& why) const;
  bool TooOld(const EventInput& input) const;

  const Options options_;
  ConfigSource& configs_;
  const Planner& planner_;
  Launcher& launcher_;
  Clock& clock_;
  Metrics& metrics_;
};

}  // namespace jobexec::scheduler
