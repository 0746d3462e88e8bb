#include "intake/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>

#include "common/rpc/outcome_name.h"
#include "common/telemetry/metrics.h"

namespace jobexec::intake {
namespace {

using ::jobexecutor::v1::EventOutcome;
using CountersByLabel = std::map<std::string, prometheus::Counter*, std::less<>>;

// Seconds.
const prometheus::Histogram::BucketBoundaries& SubmitBuckets() {
  static const auto& buckets = *new prometheus::Histogram::BucketBoundaries{
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  return buckets;
}

}  // namespace

// Every series exists from the start, so that rates begin at 0.
struct Metrics::Families {
  Families() {
    auto& events = prometheus::BuildCounter()
                       .Name("jobexec_intake_events_total")
                       .Help("Events decided or given back, by outcome")
                       .Register(registry);
    for (const auto outcome : {EventOutcome::kAccepted, EventOutcome::kIgnored,
                               EventOutcome::kRejected, EventOutcome::kRetry}) {
      const std::string name(rpc::OutcomeName(outcome));
      outcomes[name] = &events.Add({{"outcome", name}});
    }
    auto& refused = prometheus::BuildCounter()
                        .Name("jobexec_intake_refused_total")
                        .Help("Requests refused before anything was submitted, by reason")
                        .Register(registry);
    for (const char* reason : kRefusalReasons)
      refusals[reason] = &refused.Add({{"reason", reason}});
    auto& old = prometheus::BuildCounter()
                    .Name("jobexec_intake_old_deliveries_total")
                    .Help("Events that may have been answered before and were looked up, by result")
                    .Register(registry);
    for (const char* result : {"answered", "not_answered", "unknown"})
      old_deliveries[result] = &old.Add({{"result", result}});
    auto& messages = prometheus::BuildCounter()
                         .Name("jobexec_intake_nats_messages_total")
                         .Help("Messages from NATS, by what became of them")
                         .Register(registry);
    for (const char* result : kNatsResults)
      nats_messages[result] = &messages.Add({{"result", result}});
    auto& settled = prometheus::BuildCounter()
                        .Name("jobexec_intake_nats_settled_total")
                        .Help("Messages that NATS was told about: ack done, nak once more")
                        .Register(registry);
    for (const char* how : {"ack", "nak"}) nats_settled[how] = &settled.Add({{"how", how}});
    AddKeptn();
  }

  void AddKeptn() {
    auto& beats = prometheus::BuildCounter()
                      .Name("jobexec_intake_keptn_heartbeats_total")
                      .Help("Tries to be registered with Keptn and to ping it, by result")
                      .Register(registry);
    auto& lists = prometheus::BuildCounter()
                      .Name("jobexec_intake_polls_total")
                      .Help("Lists of open offers asked of Keptn, by result")
                      .Register(registry);
    for (const char* result : {"ok", "failed"}) {
      heartbeats[result] = &beats.Add({{"result", result}});
      polls[result] = &lists.Add({{"result", result}});
    }
    auto& ends = prometheus::BuildCounter()
                     .Name("jobexec_intake_sequence_ends_total")
                     .Help("Cancels because a sequence ended early, by what they found")
                     .Register(registry);
    for (const char* result : {"cancelled", "nothing", "failed"})
      sequence_ends[result] = &ends.Add({{"result", result}});
  }

  prometheus::Gauge& AddGauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }

  prometheus::Registry registry;
  CountersByLabel outcomes;
  CountersByLabel refusals;
  CountersByLabel old_deliveries;
  CountersByLabel nats_messages;
  CountersByLabel nats_settled;
  CountersByLabel heartbeats;
  CountersByLabel polls;
  CountersByLabel sequence_ends;
  prometheus::Gauge& in_flight = prometheus::BuildGauge()
                                     .Name("jobexec_intake_in_flight")
                                     .Help("Events submitted and not answered")
                                     .Register(registry)
                                     .Add({});
  prometheus::Histogram& submit_seconds = prometheus::BuildHistogram()
                                              .Name("jobexec_intake_submit_seconds")
                                              .Help("From submission to the answer, per event")
                                              .Register(registry)
                                              .Add({}, SubmitBuckets());
  prometheus::Counter& reconnects = prometheus::BuildCounter()
                                        .Name("jobexec_intake_stream_reconnects_total")
                                        .Help("Streams to a scheduler that ended")
                                        .Register(registry)
                                        .Add({});
  prometheus::Gauge& stream_up = prometheus::BuildGauge()
                                     .Name("jobexec_intake_stream_up")
                                     .Help("1 while a stream to a scheduler stands")
                                     .Register(registry)
                                     .Add({});
  prometheus::Counter& nats_redelivered =
      prometheus::BuildCounter()
          .Name("jobexec_intake_nats_redelivered_total")
          .Help("Messages from NATS that were handed out before")
          .Register(registry)
          .Add({});
  prometheus::Gauge& nats_up =
      AddGauge("jobexec_intake_nats_up", "1 while messages can be fetched from NATS");
  prometheus::Gauge& nats_durable =
      AddGauge("jobexec_intake_nats_durable", "1 with JetStream, 0 without or unknown");
  prometheus::Gauge& nats_backlog =
      AddGauge("jobexec_intake_nats_backlog", "Messages in the stream that nobody has fetched yet");
  prometheus::Gauge& nats_unacknowledged = AddGauge(
      "jobexec_intake_nats_unacknowledged", "Messages fetched by all replicas, not acknowledged");
  prometheus::Gauge& registered =
      AddGauge("jobexec_intake_keptn_registered", "1 if the last heartbeat worked");
  prometheus::Gauge& subscriptions =
      AddGauge("jobexec_intake_keptn_subscriptions", "Subscriptions as Keptn last told them");
  prometheus::Gauge& open_offers =
      AddGauge("jobexec_intake_open_offers", "Offers in the last lists that a subscription takes");
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::CountOutcome(EventOutcome::OutcomeCase outcome) {
  families_->outcomes.at(std::string(rpc::OutcomeName(outcome)))->Increment();
}

void Metrics::CountRefusal(absl::string_view reason) {
  families_->refusals.at(std::string(reason))->Increment();
}

void Metrics::SetInFlight(size_t events) { families_->in_flight.Set(static_cast<double>(events)); }

void Metrics::ObserveSubmit(absl::Duration duration) {
  families_->submit_seconds.Observe(absl::ToDoubleSeconds(duration));
}

void Metrics::CountReconnect() { families_->reconnects.Increment(); }

void Metrics::SetStreamUp(bool up) { families_->stream_up.Set(up ? 1 : 0); }

void Metrics::CountOldDelivery(absl::string_view result) {
  families_->old_deliveries.at(std::string(result))->Increment();
}

void Metrics::CountNatsMessage(absl::string_view result) {
  families_->nats_messages.at(std::string(result))->Increment();
}

void Metrics::CountNatsRedelivery() { families_->nats_redelivered.Increment(); }

void Metrics::CountNatsSettled(absl::string_view how) {
  families_->nats_settled.at(std::string(how))->Increment();
}

void Metrics::SetNatsState(bool up, bool durable) {
  families_->nats_up.Set(up ? 1 : 0);
  families_->nats_durable.Set(durable ? 1 : 0);
}

void Metrics::SetNatsBacklog(uint64_t undelivered, uint64_t unacknowledged) {
  families_->nats_backlog.Set(static_cast<double>(undelivered));
  families_->nats_unacknowledged.Set(static_cast<double>(unacknowledged));
}

void Metrics::CountHeartbeat(bool ok) {
  families_->heartbeats.at(ok ? "ok" : "failed")->Increment();
  families_->registered.Set(ok ? 1 : 0);
}

void Metrics::SetSubscriptions(size_t count) {
  families_->subscriptions.Set(static_cast<double>(count));
}

void Metrics::CountPoll(bool ok) { families_->polls.at(ok ? "ok" : "failed")->Increment(); }

void Metrics::SetOpenOffers(size_t count) {
  families_->open_offers.Set(static_cast<double>(count));
}

void Metrics::CountSequenceEnd(absl::string_view result) {
  families_->sequence_ends.at(std::string(result))->Increment();
}

prometheus::Registry& Metrics::registry() { return families_->registry; }

std::string Metrics::Text() const { return SerializeMetrics(families_->registry); }

}  // namespace jobexec::intake
