#include "scheduler/submission_queue.h"

#include <memory>
#include <utility>

#include "common/cloudevents/event.h"
#include "common/rpc/outcome_name.h"
#include "common/telemetry/log.h"
#include "scheduler/outcomes.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::EventOutcome;
using jobexecutor::v1::EventSubmission;

std::string ReasonOf(const EventOutcome& outcome) {
  if (outcome.has_ignored()) return outcome.ignored().reason();
  if (outcome.has_rejected()) return outcome.rejected().message();
  if (outcome.has_retry()) return outcome.retry().reason();
  return outcome.accepted().already_known() ? "already known" : "new";
}

void LogOutcome(const EventSubmission& submission, const EventOutcome& outcome) {
  const auto level =
      outcome.has_accepted() || outcome.has_ignored() ? log::Level::kInfo : log::Level::kWarning;
  const auto& event = submission.event();
  log::Write(level, "event decided",
             {{"event_id", event.id()},
              {"event_type", event.type()},
              {"keptn_context", cloudevents::Attribute(event, "shkeptncontext")},
              {"outcome", std::string(rpc::OutcomeName(outcome.outcome_case()))},
              {"reason", ReasonOf(outcome)}});
}

}  // namespace

bool SubmissionQueue::Submit(EventSubmission submission, Done done) {
  struct Item {
    EventSubmission submission;
    Done done;
  };
  // The pool leaves a refused function untouched, but a moved-in capture needs an owner to answer
  // it.
  auto item = std::make_shared<Item>(Item{std::move(submission), std::move(done)});
  metrics_.in_flight.Increment();
  if (workers_.TrySubmit([this, item] {
        EventOutcome outcome = Decide(item->submission);
        metrics_.in_flight.Decrement();
        std::move(item->done)(std::move(outcome));
      })) {
    return true;
  }
  metrics_.in_flight.Decrement();
  metrics_.Events("retry").Increment();
  EventOutcome busy = RetryLater(absl::Seconds(1), "the scheduler's queue is full");
  busy.set_sequence(item->submission.sequence());
  std::move(item->done)(std::move(busy));
  return false;
}

EventOutcome SubmissionQueue::Decide(const EventSubmission& submission) {
  return Measure(submission, [&] { return handler_.Handle(submission); });
}

EventOutcome SubmissionQueue::Decide(const TaskSubmission& task) {
  return Measure(task.submission, [&] { return handler_.HandleTask(task); });
}

EventOutcome SubmissionQueue::Measure(const EventSubmission& submission,
                                      absl::FunctionRef<EventOutcome()> decide) {
  const absl::Duration start = clock_.Elapsed();
  EventOutcome outcome = decide();
  outcome.set_sequence(submission.sequence());
  metrics_.handle_seconds.Observe(absl::ToDoubleSeconds(clock_.Elapsed() - start));
  metrics_.Events(rpc::OutcomeName(outcome.outcome_case())).Increment();
  LogOutcome(submission, outcome);
  return outcome;
}

}  // namespace jobexec::scheduler
