#include "scheduler/event_handler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/rpc/time.h"
#include "common/telemetry/log.h"
#include "scheduler/outcomes.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::EventOutcome;
using jobexecutor::v1::EventSubmission;

// A submission without a deadline gets this long.
constexpr absl::Duration kDefaultTimeLimit = absl::Seconds(60);
constexpr absl::Duration kShortestRetry = absl::Seconds(1);
constexpr absl::Duration kLongestRetry = absl::Minutes(1);

runs::Via ViaOf(const EventSubmission& submission) {
  switch (submission.via()) {
    case EventSubmission::VIA_NATS:
      return runs::Via::kNats;
    case EventSubmission::VIA_KEPTN:
      return runs::Via::kKeptn;
    default:
      return runs::Via::kHttp;
  }
}

resources::Scope ScopeOf(const runs::EventFacts& facts) {
  return {facts.project, facts.stage, facts.service};
}

// The API server refuses this Job and will do so again.
bool RefusedForGood(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || GetReason(status) == "TOO_LARGE";
}

// The API server refuses this Job now: a quota, a missing right or namespace.
bool RefusedForNow(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsNotFound(status);
}

}  // namespace

EventHandler::EventHandler(Options options, ConfigSource& configs, const Planner& planner,
                           Launcher& launcher, Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      configs_(configs),
      planner_(planner),
      launcher_(launcher),
      clock_(clock),
      metrics_(metrics) {}

absl::Time EventHandler::DeadlineOf(const EventSubmission& submission) const {
  return submission.has_deadline() ? rpc::FromWire(submission.deadline())
                                   : clock_.TimeNow() + kDefaultTimeLimit;
}

EventOutcome EventHandler::Handle(const EventSubmission& submission) {
  const absl::Time deadline = DeadlineOf(submission);
  const auto input = ReadEvent(submission);
  if (!input.ok()) return Rejected(input.status());
  if (const auto reason = ReasonToIgnore(input->facts)) return Ignored(*reason);

  const auto config = configs_.Locate(ScopeOf(input->facts), input->facts.commit);
  if (IsTransient(config.status())) return Retry(*input, config.status());
  if (!config.ok()) {
    return LaunchRefusal(*input, config.status(), planner_.settings().always_send_finished,
                         deadline);
  }
  const auto matching = MatchingActions(**config, input->facts.type, input->document);
  if (matching.empty()) return Ignored(NoActionMatches(input->facts));

  return LaunchRuns(*input, (*config)->config(), matching, deadline, Refusals::kRecord);
}

EventOutcome EventHandler::HandleTask(const TaskSubmission& task) {
  const absl::Time deadline = DeadlineOf(task.submission);
  const auto input = ReadEvent(task.submission);
  if (!input.ok()) return Rejected(input.status());
  const runs::EventFacts& facts = input->facts;
  const bool has_scope = !facts.project.empty() && !facts.stage.empty() && !facts.service.empty();
  if (!has_scope && !task.config.actions.front().tasks.front().files.empty()) {
    return Rejected(absl::InvalidArgumentError(
        "the task has files: project, stage and service say where they are looked up"));
  }
  return LaunchRuns(*input, task.config, {0}, deadline, Refusals::kReturn);
}

absl::StatusOr<EventInput> EventHandler::ReadEvent(const EventSubmission& submission) const {
  ASSIGN_OR_RETURN(EventInput input, ReadEventInput(submission.event(), options_.default_scope));
  runs::EventFacts& facts = input.facts;
  facts.via = ViaOf(submission);
  facts.from_sequence = submission.from_sequence();
  facts.integration_id = submission.integration_id();
  return input;
}

// Each pass either ends or takes away one more action that the API server refuses for good, so
// there are at most as many passes as actions and one.
EventOutcome EventHandler::LaunchRuns(const EventInput& input, const JobConfig& config,
                                      const std::vector<int>& matching, absl::Time deadline,
                                      Refusals refusals) {
  Planner::RefusedActions refused;
  while (true) {
    const Plan plan = planner_.PlanRuns(input, config, matching, refused, clock_.TimeNow());
    if (plan.refusal.has_value() && refusals == Refusals::kReturn) {
      return ReturnRefusal(input, plan);
    }
    const LaunchResult result =
        launcher_.Launch(plan, input.facts, planner_.settings().installation, deadline);
    if (result.status.ok()) return Committed(plan, result);
    if (absl::IsAlreadyExists(result.status)) return Rejected(result.status);
    const bool refuse =
        RefusedForGood(result.status) || (RefusedForNow(result.status) && TooOld(input));
    if (!refuse || plan.refusal.has_value() || refused.contains(result.failed_action)) {
      return Retry(input, result.status);
    }
    log::Warning("action refused",
                 {{"event_id", input.facts.id}, {"error", std::string(result.status.message())}});
    refused[result.failed_action] = result.status;
  }
}

// An earlier try may have been stored when this installation still allowed it.
EventOutcome EventHandler::ReturnRefusal(const EventInput& input, const Plan& plan) {
  const LaunchResult stored =
      launcher_.Find(plan.anchor, input.facts, planner_.settings().installation);
  if (stored.existing.has_value()) return Committed(plan, stored);
  if (absl::IsAlreadyExists(stored.status)) return Rejected(stored.status);
  if (!stored.status.ok()) return Retry(input, stored.status);
  return Rejected(*plan.refusal, /*recorded=*/false);
}

EventOutcome EventHandler::LaunchRefusal(const EventInput& input, const absl::Status& why,
                                         bool answered, absl::Time deadline) {
  const Plan plan = planner_.PlanRefusal(input.facts, why, answered);
  const LaunchResult result =
      launcher_.Launch(plan, input.facts, planner_.settings().installation, deadline);
  if (result.status.ok()) return Committed(plan, result);
  if (absl::IsAlreadyExists(result.status)) return Rejected(result.status);
  return Retry(input, result.status);
}

// What stands in etcd is the outcome, whatever this scheduler planned.
EventOutcome EventHandler::Committed(const Plan& plan, const LaunchResult& result) const {
  if (!result.existing.has_value()) {
    metrics_.jobs_created.Increment(static_cast<double>(plan.members.size() + 1));
    return plan.refusal.has_value() ? Rejected(*plan.refusal, /*recorded=*/true)
                                    : Accepted(plan.manifest, /*already_known=*/false);
  }
  const runs::JobRecord& existing = *result.existing;
  return existing.refused ? Rejected(existing.refusal, /*recorded=*/true)
                          : Accepted(existing.manifest, /*already_known=*/true);
}

// Nothing is remembered between tries, so the delay grows with the event's own age.
EventOutcome EventHandler::Retry(const EventInput& input, const absl::Status& why) const {
  absl::Duration delay = kShortestRetry;
  if (input.facts.time != absl::InfinitePast()) delay = (clock_.TimeNow() - input.facts.time) / 10;
  delay = std::max(delay, GetRetryAfter(why).value_or(absl::ZeroDuration()));
  return RetryLater(std::clamp(delay, kShortestRetry, kLongestRetry), why.message());
}

bool EventHandler::TooOld(const EventInput& input) const {
  const absl::Time time = input.facts.time;
  return time != absl::InfinitePast() && clock_.TimeNow() - time > options_.refuse_after;
}

absl::StatusOr<EventHandler::Preview> EventHandler::PreviewPlan(
    const io::cloudevents::v1::CloudEvent& event, const std::optional<std::string>& config_text) {
  EventSubmission submission;
  *submission.mutable_event() = event;
  ASSIGN_OR_RETURN(const EventInput input, ReadEvent(submission));
  if (const auto reason = ReasonToIgnore(input.facts)) return Preview{.ignored_reason = *reason};
  ASSIGN_OR_RETURN(const ConfigSource::Config config,
                   config_text.has_value()
                       ? ConfigSource::Parse(*config_text)
                       : configs_.Locate(ScopeOf(input.facts), input.facts.commit));
  const auto matching = MatchingActions(*config, input.facts.type, input.document);
  if (matching.empty()) return Preview{.ignored_reason = NoActionMatches(input.facts)};
  return Preview{.plan =
                     planner_.PlanRuns(input, config->config(), matching, {}, clock_.TimeNow())};
}

}  // namespace jobexec::scheduler
