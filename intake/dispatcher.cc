#include "intake/dispatcher.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/outcome_name.h"
#include "common/telemetry/log.h"

namespace jobexec::intake {
namespace {

// The outcomes of one request, until the last one is there.
class Gathering {
 public:
  Gathering(size_t events, Dispatcher::Callback done)
      : outcomes_(events), open_(events), done_(std::move(done)) {}

  void Put(size_t index, EventOutcome outcome) {
    {
      absl::MutexLock lock(&mutex_);
      outcomes_[index] = std::move(outcome);
      if (--open_ > 0) return;
    }
    // Nobody else comes after the last one.
    std::move(done_)(std::move(outcomes_));
  }

 private:
  absl::Mutex mutex_;
  Dispatcher::Outcomes outcomes_;
  size_t open_;
  Dispatcher::Callback done_;
};

// What a log line says about an event that is on its way already.
struct EventNames {
  explicit EventNames(const cloudevents::Event& event)
      : id(event.id()),
        type(event.type()),
        context(cloudevents::Attribute(event, "shkeptncontext")) {}

  std::string id;
  std::string type;
  std::string context;
};

// Why it was not accepted; empty if it was.
std::string Reason(const EventOutcome& outcome) {
  if (outcome.has_ignored()) return outcome.ignored().reason();
  if (outcome.has_rejected()) return outcome.rejected().message();
  if (outcome.has_retry()) return outcome.retry().reason();
  return "";
}

void LogDecided(const EventNames& names, const EventOutcome& outcome) {
  log::Info("event decided", {{"event_id", names.id},
                              {"event_type", names.type},
                              {"keptn_context", names.context},
                              {"outcome", std::string(rpc::OutcomeName(outcome.outcome_case()))},
                              {"reason", Reason(outcome)}});
}

void SetDeadline(absl::Time deadline, EventSubmission& submission) {
  const timespec wire = absl::ToTimespec(deadline);
  submission.mutable_deadline()->set_seconds(wire.tv_sec);
  submission.mutable_deadline()->set_nanos(static_cast<int32_t>(wire.tv_nsec));
}

}  // namespace

void Dispatcher::Dispatch(std::vector<cloudevents::Event> events, EventSubmission::Via via,
                          Callback done) {
  if (events.empty()) return std::move(done)(Outcomes());
  if (absl::Status reserved = Reserve(events.size()); !reserved.ok()) {
    return std::move(done)(std::move(reserved));
  }
  auto gathering = std::make_shared<Gathering>(events.size(), std::move(done));
  for (size_t i = 0; i < events.size(); ++i) {
    Submit(std::move(events[i]), via,
           [gathering, i](EventOutcome outcome) { gathering->Put(i, std::move(outcome)); });
  }
}

absl::Status Dispatcher::Reserve(size_t events) {
  if (events > options_.max_in_flight) {
    return absl::ResourceExhaustedError(absl::StrCat("the batch has ", events, " events, at most ",
                                                     options_.max_in_flight,
                                                     " may be in flight here: split it"));
  }
  absl::MutexLock lock(&mutex_);
  if (in_flight_ + events > options_.max_in_flight) {
    return absl::UnavailableError(
        absl::StrCat(in_flight_, " events are in flight, at most ", options_.max_in_flight,
                     " are allowed: nothing was submitted, send it again"));
  }
  in_flight_ += events;
  metrics_.SetInFlight(in_flight_);
  return absl::OkStatus();
}

void Dispatcher::Release() {
  absl::MutexLock lock(&mutex_);
  metrics_.SetInFlight(--in_flight_);
}

void Dispatcher::Submit(cloudevents::Event event, EventSubmission::Via via,
                        SchedulerLink::Callback done) {
  const EventNames names(event);
  const absl::Duration start = clock_.Elapsed();
  EventSubmission submission;
  *submission.mutable_event() = std::move(event);
  submission.set_via(via);
  SetDeadline(clock_.TimeNow() + options_.submit_timeout, submission);
  link_.Submit(std::move(submission),
               [this, names, start, done = std::move(done)](EventOutcome outcome) mutable {
                 Release();
                 metrics_.CountOutcome(outcome.outcome_case());
                 metrics_.ObserveSubmit(clock_.Elapsed() - start);
                 LogDecided(names, outcome);
                 std::move(done)(std::move(outcome));
               });
}

}  // namespace jobexec::intake
