// Tells Keptn of events that ended in an error, for its user interface.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/bounded_queue.h"
#include "common/base/clock.h"
#include "common/keptn/api.h"
#include "common/keptn/error_log.h"
#include "common/kube/kube_client.h"
#include "reporter/metrics.h"
#include "reporter/run_state.h"

namespace jobexec::reporter {

// An entry, and the anchor on which its fate is noted.
struct ErrorReport {
  keptn::LogEntry entry;
  std::string name_space;
  std::string job;
  std::string uid;
};

// States of runs::kErrorLogAnnotation.
inline constexpr char kErrorLogOwed[] = "owed";
inline constexpr char kErrorLogPosted[] = "posted";
inline constexpr char kErrorLogRefused[] = "refused";  // by Keptn, for good

// True if the event, once it has ended like this, gets an entry: it is refused or a run that is not
// silent failed by itself, and it came while we stood in Keptn's register.
bool WantsErrorReport(const EventState& state);

// True if the cluster says that the entry is to be posted: the answer is marked and the entry
// noted as owed, or no answer is owed, everything is decided and nothing is noted yet. Pure.
bool OwesErrorReport(const EventState& state);

ErrorReport MakeErrorReport(const EventState& state, std::string text, absl::Time now);

// Posts entries one after the other, apart from all else, and notes on the anchor that it was done.
// What is owed stands in the cluster, so an entry is posted at least once; twice if a process dies
// between the two.
class KeptnLog {
 public:
  static constexpr size_t kCapacity = 256;

  // Everything given by reference must outlive this.
  struct Parts {
    keptn::Api& api;
    kube::Client& kube;
    Metrics& metrics;
    Clock& clock;
    std::function<bool()> may_act;  // thread-safe; false: another process posts what is owed
  };

  explicit KeptnLog(Parts parts) : parts_(std::move(parts)), queue_(kCapacity) {}

  // Takes over an entry, without waiting. False if there are too many, or after Close: offer it
  // again later. Thread-safe.
  bool TryAdd(ErrorReport report) { return queue_.TryPush(std::move(report)); }

  // Posts what is added, until Close; waits end with `stop`. Takes a thread of its own.
  void Run(const absl::Notification& stop);

  // Lets Run end. What has not been posted is forgotten; the cluster remembers it.
  void Close() { queue_.Close(); }

 private:
  void Post(const ErrorReport& report, const absl::Notification& stop);
  void NoteFate(const ErrorReport& report, absl::string_view state);

  const Parts parts_;
  BoundedQueue<ErrorReport> queue_;
};

}  // namespace jobexec::reporter
