// Keptn's log of an integration's errors (POST /v1/log), shown in its user interface.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/keptn/api.h"

namespace jobexec::keptn {

struct LogEntry {
  std::string integration_id;
  std::string message;
  absl::Time time = absl::InfinitePast();  // then Keptn takes the time of arrival
  std::string keptn_context;
  std::string task;
  std::string triggered_id;  // the event's id: Keptn links the entry to its task by it
  std::string commit;
};

// At least once: repeating shows an entry twice. Messages are cut to 64 KiB. No call without
// entries. Errors: see Api.
absl::Status PostLog(Api& api, const std::vector<LogEntry>& entries);

}  // namespace jobexec::keptn
