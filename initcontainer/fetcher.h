// Fetches the files of one task from the scheduler.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "initcontainer/file_writer.h"
#include "jobexecutor/v1/resources.grpc.pb.h"

namespace jobexec::initcontainer {

struct FetchOptions {
  std::string scheduler;  // host:port, for messages
  std::string grant;
  absl::Duration attempt_timeout = absl::Seconds(60);
  // Transient errors are retried until this time has passed since the first attempt.
  absl::Duration retry_for = absl::Minutes(2);
};

// Writes every granted file. Returns how many there were, or the last error: permanent ones
// (UNAUTHENTICATED, NOT_FOUND, ...) at once, transient ones when the time is over.
absl::StatusOr<int> FetchFiles(jobexecutor::v1::Resources::StubInterface& scheduler,
                               const FetchOptions& options, FileWriter& writer, Clock& clock);

}  // namespace jobexec::initcontainer
