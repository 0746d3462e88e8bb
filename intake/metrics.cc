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
  }

  prometheus::Registry registry;
  CountersByLabel outcomes;
  CountersByLabel refusals;
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

std::string Metrics::Text() const { return SerializeMetrics(families_->registry); }

}  // namespace jobexec::intake
