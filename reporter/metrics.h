// What the reporter counts, in the Prometheus way.
//
//   jobexec_reporter_answers_total{kind,result}   answers published; kind: started, finished;
//                                                 result: pass, warning, fail ("" for started)
//   jobexec_reporter_publish_failures_total{kind} attempts that were not known to succeed
//   jobexec_reporter_looks_total{kind,found}      looks for answers; found: stored, absent, moot
//                                                 (nobody waits for it), error (not known)
//   jobexec_reporter_given_up_total{kind}         answers that may be missing and are not repeated,
//                                                 since nobody could be asked
//   jobexec_reporter_open_events                  events that are owed an answer
//   jobexec_reporter_acting                       1 if this reporter acts, 0 if it stands by
//   jobexec_reporter_vanished_offers_total        events cancelled since Keptn offers them no more
//   jobexec_reporter_error_logs_total{result}     entries for Keptn's error log; result: posted,
//                                                 refused (by Keptn, for good)
//   jobexec_reporter_watch_events_total{resource} changes seen; resource: jobs, pods
//   jobexec_reporter_relists_total{resource}      lists after the first one
//   jobexec_reporter_patches_total{result}        ok, stale (its test failed or the Job is gone),
//                                                 error
//   jobexec_reporter_reconcile_seconds            histogram of the time of one look at one event
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "reporter/answer_steps.h"
#include "reporter/event_publisher.h"

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
  void CountLook(Answer kind, const absl::StatusOr<Finding>& found);
  void CountGivenUp(Answer kind);
  void AddOpenEvents(int change);
  void SetActing(bool acting);
  void CountVanishedOffer();
  void CountErrorReport(absl::string_view result);
  void CountWatchEvent(absl::string_view resource);
  void CountRelist(absl::string_view resource);
  void CountPatch(absl::string_view result);
  void ObserveReconcile(absl::Duration time);

 private:
  prometheus::Family<prometheus::Counter>& answers_;
  prometheus::Family<prometheus::Counter>& publish_failures_;
  prometheus::Family<prometheus::Counter>& looks_;
  prometheus::Family<prometheus::Counter>& given_up_;
  prometheus::Gauge& open_events_;
  prometheus::Gauge& acting_;
  prometheus::Family<prometheus::Counter>& vanished_offers_;
  prometheus::Family<prometheus::Counter>& error_logs_;
  prometheus::Family<prometheus::Counter>& watch_events_;
  prometheus::Family<prometheus::Counter>& relists_;
  prometheus::Family<prometheus::Counter>& patches_;
  prometheus::Histogram& reconcile_seconds_;
};

}  // namespace jobexec::reporter
