// Keeps Api::CheckReachable true to life in a service that calls Keptn rarely.
#pragma once

#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/keptn/api.h"

namespace jobexec::keptn {

// Sends one call at once and then every `interval`, on a thread of its own. Whatever Keptn answers,
// the answer counts: a 404 will do. A call lasts 5 s at most, and so does the destructor.
class ReachabilityProbe {
 public:
  // `api` and `clock` must outlive it.
  ReachabilityProbe(Api& api, Call call, Clock& clock, absl::Duration interval);
  ~ReachabilityProbe();
  ReachabilityProbe(const ReachabilityProbe&) = delete;
  ReachabilityProbe& operator=(const ReachabilityProbe&) = delete;

 private:
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace jobexec::keptn
