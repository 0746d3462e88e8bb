#include "reporter/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace jobexec::reporter {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Registry;

prometheus::Family<prometheus::Counter>& Counters(Registry& registry, const char* name,
                                                  const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

// Seconds; most looks take some calls of the API server.
prometheus::Histogram::BucketBoundaries Buckets() {
  return {0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}

}  // namespace

Metrics::Metrics(Registry& registry)
    : answers_(Counters(registry, "jobexec_reporter_answers_total", "Answers published")),
      publish_failures_(Counters(registry, "jobexec_reporter_publish_failures_total",
                                 "Attempts to publish that were not known to succeed")),
      open_events_(BuildGauge()
                       .Name("jobexec_reporter_open_events")
                       .Help("Events that are owed an answer")
                       .Register(registry)
                       .Add({})),
      watch_events_(Counters(registry, "jobexec_reporter_watch_events_total",
                             "Changes of Jobs and pods that the watches brought")),
      relists_(Counters(registry, "jobexec_reporter_relists_total",
                        "Lists of Jobs and pods after the first one")),
      patches_(Counters(registry, "jobexec_reporter_patches_total", "Patches of Jobs")),
      reconcile_seconds_(BuildHistogram()
                             .Name("jobexec_reporter_reconcile_seconds")
                             .Help("Time of one look at one event")
                             .Register(registry)
                             .Add({}, Buckets())) {}

void Metrics::CountAnswer(Answer kind, absl::string_view result) {
  answers_.Add({{"kind", std::string(AnswerName(kind))}, {"result", std::string(result)}})
      .Increment();
}

void Metrics::CountPublishFailure(Answer kind) {
  publish_failures_.Add({{"kind", std::string(AnswerName(kind))}}).Increment();
}

void Metrics::AddOpenEvents(int change) { open_events_.Increment(change); }

void Metrics::CountWatchEvent(absl::string_view resource) {
  watch_events_.Add({{"resource", std::string(resource)}}).Increment();
}

void Metrics::CountRelist(absl::string_view resource) {
  relists_.Add({{"resource", std::string(resource)}}).Increment();
}

void Metrics::CountPatch(absl::string_view result) {
  patches_.Add({{"result", std::string(result)}}).Increment();
}

void Metrics::ObserveReconcile(absl::Duration time) {
  reconcile_seconds_.Observe(absl::ToDoubleSeconds(time));
}

}  // namespace jobexec::reporter
