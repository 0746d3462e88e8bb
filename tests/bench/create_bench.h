// The benchmark "create": a burst of events beside what the API server can do at best.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/installation.h"
#include "tests/bench/results.h"

namespace jobexec::bench {

struct CreateOptions {
  int events = 2000;
  int connections = 32;
  // Events in a request; each number has bursts of its own.
  std::vector<int> batches = {1, 8};
  int rounds = 3;
  // Requests in flight of the ceilings.
  std::vector<int> in_flight = {8, 16, 32, 64};
  // Processes of the cluster's controllers and of kwok, which part (c) stops for its time.
  std::vector<pid_t> controllers;
};

enum class Part {
  // (a) Reporter stopped: events to Jobs, beside a loop that creates the same Jobs.
  kCreate,
  // (b) All services running: events to .finished, beside a loop that creates the same Jobs and
  // patches them as often.
  kFinish,
  // (c) As (a), with the cluster's controllers stopped: the API server has nothing else to do.
  kCreateAlone,
};

// The first round tries every ceiling, the others repeat the best one; each ends with a burst. Jobs
// are removed before each measurement. Says on standard error what it does. Errors: those of the
// API server and the services; INTERNAL if an event was not accepted as new.
absl::StatusOr<PartResult> Measure(Part part, const Installation& installation,
                                   const CreateOptions& options);

}  // namespace jobexec::bench
