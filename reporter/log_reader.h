// Reads the logs of a run's tasks, one container after the other, from pods that run and pods that
// have ended.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "jobexecutor/v1/reporter.pb.h"
#include "reporter/log_archive.h"
#include "reporter/store.h"

namespace jobexec::reporter {

// Thread-safe.
class LogReader {
 public:
  // Must outlive the reader.
  struct Parts {
    kube::Client& kube;
    const Store& store;
    const LogArchive& archive;
    Clock& clock;
  };

  explicit LogReader(Parts parts) : parts_(parts) {}

  // Takes a message; false: no more are wanted. May wait: nothing is read meanwhile.
  using Send = absl::FunctionRef<bool(::jobexecutor::v1::StreamLogsResponse message)>;

  // Blocks until everything that was asked for has been sent. CANCELLED after `stop` (seen within a
  // second) or when `send` returns false; else errors as for Reporter.StreamLogs.
  absl::Status Read(const ::jobexecutor::v1::StreamLogsRequest& request,
                    const absl::Notification& stop, Send send);

 private:
  const Parts parts_;
};

}  // namespace jobexec::reporter
