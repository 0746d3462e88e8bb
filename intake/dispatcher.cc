#include "intake/dispatcher.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/outcome_name.h"
#include "common/rpc/time.h"
#include "common/runs/event_facts.h"
#include "common/telemetry/log.h"

namespace jobexec::intake {
namespace {

// Before an event is given again whose past is not known.
constexpr absl::Duration kLookAgain = absl::Seconds(5);

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

// Answered once, so its plan was stored once.
EventOutcome AnsweredBefore() {
  EventOutcome outcome;
  outcome.mutable_accepted()->set_already_known(true);
  return outcome;
}

// Why it is not to run now; empty if it is.
std::string Reason(const EventOutcome& outcome) {
  if (outcome.has_ignored()) return outcome.ignored().reason();
  if (outcome.has_rejected()) return outcome.rejected().message();
  if (outcome.has_retry()) return outcome.retry().reason();
  const bool answered = outcome.accepted().already_known() && outcome.accepted().runs().empty();
  return answered ? "it was answered before" : "";
}

void LogDecided(const EventNames& names, const EventOutcome& outcome) {
  log::Info("event decided", {{"event_id", names.id},
                              {"event_type", names.type},
                              {"keptn_context", names.context},
                              {"outcome", std::string(rpc::OutcomeName(outcome.outcome_case()))},
                              {"reason", Reason(outcome)}});
}

}  // namespace

struct Dispatcher::Ticket {
  Delivery delivery;
  EventNames names;
  absl::Duration start;
  absl::Time deadline;
  EventCallback done;
};

void Dispatcher::Dispatch(std::vector<Delivery> deliveries, Callback done) {
  if (deliveries.empty()) return std::move(done)(Outcomes());
  if (absl::Status reserved = Reserve(deliveries.size()); !reserved.ok()) {
    return std::move(done)(std::move(reserved));
  }
  auto gathering = std::make_shared<Gathering>(deliveries.size(), std::move(done));
  for (size_t i = 0; i < deliveries.size(); ++i) {
    Begin(std::move(deliveries[i]),
          [gathering, i](EventOutcome outcome) { gathering->Put(i, std::move(outcome)); });
  }
}

bool Dispatcher::TryDispatch(Delivery&& delivery, EventCallback&& done) {
  if (!Reserve(1).ok()) return false;
  Begin(std::move(delivery), std::move(done));
  return true;
}

size_t Dispatcher::Room() const {
  absl::MutexLock lock(&mutex_);
  return options_.max_in_flight - in_flight_;
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

void Dispatcher::Begin(Delivery delivery, EventCallback done) {
  EventNames names(delivery.event);
  const bool look_up = delivery.old && old_ != nullptr && runs::IsTriggered(delivery.event.type());
  auto ticket = std::make_shared<Ticket>(Ticket{
      .delivery = std::move(delivery),
      .names = std::move(names),
      .start = clock_.Elapsed(),
      .deadline = clock_.TimeNow() + options_.submit_timeout,
      .done = std::move(done),
  });
  if (look_up) return LookUp(std::move(ticket));
  Submit(std::move(ticket));
}

void Dispatcher::LookUp(std::shared_ptr<Ticket> ticket) {
  Ticket& asked = *ticket;
  old_->Ask(asked.delivery, [this,
                             ticket = std::move(ticket)](absl::StatusOr<bool> answered) mutable {
    if (answered.ok() && !*answered) return Submit(std::move(ticket));
    Finish(*ticket, answered.ok()
                        ? AnsweredBefore()
                        : RetryOutcome(kLookAgain,
                                       absl::StrCat("whether it was answered before is not known: ",
                                                    answered.status().message())));
  });
}

void Dispatcher::Submit(std::shared_ptr<Ticket> ticket) {
  Delivery& delivery = ticket->delivery;
  EventSubmission submission;
  *submission.mutable_event() = std::move(delivery.event);
  submission.set_via(delivery.via);
  submission.set_from_sequence(delivery.from_sequence);
  submission.set_integration_id(std::move(delivery.integration_id));
  *submission.mutable_deadline() = rpc::ToWire(ticket->deadline);
  link_.Submit(std::move(submission), [this, ticket = std::move(ticket)](EventOutcome outcome) {
    Finish(*ticket, std::move(outcome));
  });
}

void Dispatcher::Finish(Ticket& ticket, EventOutcome outcome) {
  {
    absl::MutexLock lock(&mutex_);
    metrics_.SetInFlight(--in_flight_);
  }
  metrics_.CountOutcome(outcome.outcome_case());
  metrics_.ObserveSubmit(clock_.Elapsed() - ticket.start);
  LogDecided(ticket.names, outcome);
  std::move(ticket.done)(std::move(outcome));
}

}  // namespace jobexec::intake
