// What of an event outlives it: the few facts that matching, Job building and answers need.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace jobexec::runs {

// How an event came in.
enum class Via {
  kHttp,
  kNats,
  kKeptn,  // a polled offer of Keptn's remote API
};

struct EventFacts {
  std::string id;
  std::string source;
  std::string type;
  std::string project;
  std::string stage;
  std::string service;
  std::map<std::string, std::string> labels;
  std::string keptn_context;               // shkeptncontext
  std::string commit;                      // gitcommitid
  std::string trace_parent;                // W3C traceparent
  absl::Time time = absl::InfinitePast();  // of the event; InfinitePast if it has none
  Via via = Via::kHttp;
  uint64_t from_sequence = 0;  // position in the NATS stream, 0 if it did not come by NATS
  std::string integration_id;  // ours in Keptn's register; empty: not registered
};

// True for types that are answered: they end in ".triggered".
bool IsTriggered(absl::string_view type);

// Reads the facts from the event's JSON document (all context attributes and "data"). `via`,
// `from_sequence` and `integration_id` are left alone.
// INVALID_ARGUMENT names a data field of the wrong type, e.g. a label that is not a string.
absl::StatusOr<EventFacts> FactsOf(const nlohmann::json& document);

}  // namespace jobexec::runs
