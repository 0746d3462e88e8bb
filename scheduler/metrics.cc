#include "scheduler/metrics.h"

namespace jobexec::scheduler {
namespace {

prometheus::Counter& Counter(prometheus::Registry& registry, const std::string& name,
                             const std::string& help, const prometheus::Labels& labels = {}) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Gauge& Gauge(prometheus::Registry& registry, const std::string& name,
                         const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Counter& EventCounter(prometheus::Registry& registry, const std::string& outcome) {
  return Counter(registry, "jobexec_scheduler_events_total", "Outcomes given to submissions",
                 {{"outcome", outcome}});
}

prometheus::Counter& FetchCounter(prometheus::Registry& registry, const std::string& result) {
  return Counter(registry, "jobexec_scheduler_fetches_total", "Resources.Fetch calls",
                 {{"result", result}});
}

}  // namespace

Metrics::Metrics(prometheus::Registry& registry)
    : accepted(EventCounter(registry, "accepted")),
      ignored(EventCounter(registry, "ignored")),
      rejected(EventCounter(registry, "rejected")),
      retried(EventCounter(registry, "retry")),
      jobs_created(Counter(registry, "jobexec_scheduler_jobs_created_total",
                           "Kubernetes Jobs of committed plans")),
      bad_expressions(Counter(registry, "jobexec_scheduler_bad_expressions_total",
                              "Expressions of configs that do not compile")),
      handle_seconds(
          prometheus::BuildHistogram()
              .Name("jobexec_scheduler_handle_seconds")
              .Help("From a worker's start on an event to its outcome")
              .Register(registry)
              .Add({}, prometheus::Histogram::BucketBoundaries{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                               0.5, 1, 2.5, 5, 15, 60})),
      in_flight(Gauge(registry, "jobexec_scheduler_in_flight", "Submissions without an outcome")),
      streams(Gauge(registry, "jobexec_scheduler_streams", "Open StreamEvents calls")),
      fetches_ok(FetchCounter(registry, "ok")),
      fetches_denied(FetchCounter(registry, "denied")),
      fetches_failed(FetchCounter(registry, "failed")) {}

prometheus::Counter& Metrics::Events(absl::string_view outcome) {
  if (outcome == "accepted") return accepted;
  if (outcome == "ignored") return ignored;
  if (outcome == "rejected") return rejected;
  return retried;
}

}  // namespace jobexec::scheduler
