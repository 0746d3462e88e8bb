// An event as a source got it, on its way to the dispatcher.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "common/cloudevents/event.h"
#include "jobexecutor/v1/event.pb.h"

namespace jobexec::intake {

using ::jobexecutor::v1::EventSubmission;

struct Delivery {
  cloudevents::Event event;  // valid
  EventSubmission::Via via = EventSubmission::VIA_HTTP;
  uint64_t from_sequence = 0;  // in the NATS stream; 0 if it did not come from one
  std::string integration_id;  // in Keptn's register; empty: not registered
  // It may have been given to some intake long ago, so that Kubernetes has nothing of it any more:
  // it is looked up before it is submitted (old_deliveries.h).
  bool old = false;
};

// An event of that age is an old delivery, if nothing else tells.
inline constexpr absl::Duration kOldAge = absl::Seconds(60);

// True if the event's own "time" is more than kOldAge before `now`. An event without a time is not
// old.
bool IsOldByItsTime(const cloudevents::Event& event, absl::Time now);

}  // namespace jobexec::intake
