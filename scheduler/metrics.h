// The scheduler's metrics. Names and labels are part of the product's interface
// (docs/operations.md).
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "absl/strings/string_view.h"

namespace jobexec::scheduler {

// Thread-safe. `registry` must outlive this.
struct Metrics {
  explicit Metrics(prometheus::Registry& registry);

  // jobexec_scheduler_events_total{outcome="accepted|ignored|rejected|retry"}: outcomes given.
  prometheus::Counter& Events(absl::string_view outcome);

  prometheus::Counter& accepted;
  prometheus::Counter& ignored;
  prometheus::Counter& rejected;
  prometheus::Counter& retried;
  // jobexec_scheduler_jobs_created_total: Kubernetes Jobs of committed plans.
  prometheus::Counter& jobs_created;
  // jobexec_scheduler_bad_expressions_total: patterns and JSONPaths of configs read that do not
  // compile, and so match nothing.
  prometheus::Counter& bad_expressions;
  // jobexec_scheduler_handle_seconds: from a worker's start on an event to its outcome.
  prometheus::Histogram& handle_seconds;
  // jobexec_scheduler_in_flight: submissions without an outcome.
  prometheus::Gauge& in_flight;
  // jobexec_scheduler_streams: open StreamEvents calls.
  prometheus::Gauge& streams;
  // jobexec_scheduler_fetches_total{result="ok|denied|failed"}: Resources.Fetch calls.
  prometheus::Counter& fetches_ok;
  prometheus::Counter& fetches_denied;
  prometheus::Counter& fetches_failed;
};

}  // namespace jobexec::scheduler
