// The CloudEvents of the benchmark, and the burst that posts them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/bench/parallel.h"

namespace jobexec::bench {

inline constexpr char kProject[] = "sockshop";
inline constexpr char kStage[] = "staging";
inline constexpr char kService[] = "carts";

// Ids of `count` events: "<prefix>-0", ...
std::vector<std::string> MakeIds(absl::string_view prefix, size_t count);

// A test.triggered event as Keptn sends it, in the JSON format.
std::string MakeEvent(absl::string_view id);

// Posts an event per id to `port` on loopback over `connections` kept connections, each with one
// request in flight: `batch` (1 to 100) events in each, in the JSON batch format if more than one.
// The times are those of each event's request. An answer other than a 202 for new events is an
// error: INTERNAL with its text, UNAVAILABLE if a connection ends.
absl::StatusOr<ParallelResult> PostEvents(int port, const std::vector<std::string>& ids,
                                          int connections, int batch);

}  // namespace jobexec::bench
