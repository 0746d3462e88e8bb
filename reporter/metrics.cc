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

absl::string_view FindingName(const absl::StatusOr<Finding>& found) {
  if (!found.ok()) return "error";
  switch (found->kind) {
    case Finding::Kind::kStored:
      return "stored";
    case Finding::Kind::kAbsent:
      return "absent";
    case Finding::Kind::kMoot:
      return "moot";
  }
  return "";
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
      looks_(Counters(registry, "jobexec_reporter_looks_total", "Looks for answers already sent")),
      given_up_(Counters(registry, "jobexec_reporter_given_up_total",
                         "Answers that may be missing and are not repeated")),
      open_events_(BuildGauge()
                       .Name("jobexec_reporter_open_events")
                       .Help("Events that are owed an answer")
                       .Register(registry)
                       .Add({})),
      acting_(BuildGauge()
                  .Name("jobexec_reporter_acting")
                  .Help("Whether this reporter acts (1) or stands by (0)")
                  .Register(registry)
                  .Add({})),
      vanished_offers_(Counters(registry, "jobexec_reporter_vanished_offers_total",
                                "Events cancelled since Keptn offers them no more")),
      error_logs_(
          Counters(registry, "jobexec_reporter_error_logs_total", "Entries for Keptn's error log")),
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

void Metrics::CountLook(Answer kind, const absl::StatusOr<Finding>& found) {
  looks_.Add({{"kind", std::string(AnswerName(kind))}, {"found", std::string(FindingName(found))}})
      .Increment();
}

void Metrics::CountGivenUp(Answer kind) {
  given_up_.Add({{"kind", std::string(AnswerName(kind))}}).Increment();
}

void Metrics::CountVanishedOffer() { vanished_offers_.Add({}).Increment(); }

void Metrics::CountErrorReport(absl::string_view result) {
  error_logs_.Add({{"result", std::string(result)}}).Increment();
}

void Metrics::AddOpenEvents(int change) { open_events_.Increment(change); }

void Metrics::SetActing(bool acting) { acting_.Set(acting ? 1 : 0); }

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
