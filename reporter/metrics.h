// What the reporter counts, in the Prometheus way.
//
//   jobexec_reporter_answers_total{kind,result}   answers published; kind: started, finished;
//   result:
//                                                 pass, warning, fail ("" for started)
//   jobexec_reporter_publish_failures_total{kind} attempts that were not known to succeed
//   jobexec_reporter_open_events                  events that are owed an answer
//   jobexec_reporter_watch_events_total{resource} changes seen; resource: jobs, pods
//   jobexec_reporter_relists_total{resource}      lists after the first one
//   jobexec_reporter_patches_total{result}        ok, stale (its test failed or the Job is gone),
//   error jobexec_reporter_reconcile_seconds            histogram of the time of one look at one
//   event
#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "reporter/answer_steps.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace jobexec::reporter {

// Thread-safe.
class Metrics {
 public:
  // `registry` must outlive this.
  explicit Metrics(prometheus::Registry& registry);

  void CountAnswer(Answer kind, absl::string_view result);
  void CountPublishFailure(Answer kind);
  void AddOpenEvents(int change);
  void CountWatchEvent(absl::string_view resource);
  void CountRelist(absl::string_view resource);
  void CountPatch(absl::string_view result);
  void ObserveReconcile(absl::Duration time);

 private:
  prometheus::Family<prometheus::Counter>& answers_;
  prometheus::Family<prometheus::Counter>& publish_failures_;
  prometheus::Gauge& open_events_;
  prometheus::Family<prometheus::Counter>& watch_events_;
  prometheus::Family<prometheus::Counter>& relists_;
  prometheus::Family<prometheus::Counter>& patches_;
  prometheus::Histogram& reconcile_seconds_;
};

}  // namespace jobexec::reporter
