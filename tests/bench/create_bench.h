// The benchmark "create": a burst of events beside what the API server can do at best.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/installation.h"
#include "tests/bench/results.h"

namespace jobexec::bench {

struct CreateOptions {
  int events = 2000;
  int connections = 32;
  int rounds = 3;
  // Requests in flight of the ceilings.
  std::vector<int> in_flight = {8, 16, 32, 64};
};

// Part (a), reporter stopped: events to Jobs, beside a loop that creates the same Jobs.
// Part (b), all services running: events to .finished answers, beside a loop that creates the same
// Jobs and patches them as often.
//
// The first round tries every ceiling, the others repeat the best one; each ends with a burst. Jobs
// are removed before each measurement. Says on standard error what it does. Errors: those of the
// API server and the services; INTERNAL if an event was not accepted as new.
absl::StatusOr<PartResult> MeasureCreate(const Installation& installation,
                                         const CreateOptions& options);
absl::StatusOr<PartResult> MeasureFinish(const Installation& installation,
                                         const CreateOptions& options);

}  // namespace jobexec::bench
