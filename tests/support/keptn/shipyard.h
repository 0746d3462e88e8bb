// A project's shipyard: which sequences of tasks its stages have, and what follows what.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace jobexec::test_keptn {

struct Task {
  std::string name;
  nlohmann::json properties;  // an object, or null
  absl::Duration triggered_after;
};

struct Trigger {
  std::string event;  // "dev.delivery.finished"
  // What the finished sequence must have: "result" or "<task>.result". Without it: pass or warning.
  std::optional<std::map<std::string, std::string>> match;
};

struct Sequence {
  std::string name;
  std::vector<Task> tasks;
  std::vector<Trigger> triggered_on;
};

struct Stage {
  std::string name;
  std::vector<Sequence> sequences;
};

struct Shipyard {
  std::vector<Stage> stages;
};

// Reads Keptn's shipyard file: spec.stages[].{name, sequences[].{name, triggeredOn[].{event,
// selector.match}, tasks[].{name, triggeredAfter, properties}}}. INVALID_ARGUMENT names the part
// that is missing or wrong.
absl::StatusOr<Shipyard> ParseShipyard(absl::string_view yaml);

// A stage with one sequence of these tasks: what most tests want.
Shipyard SimpleShipyard(const std::string& stage, const std::string& sequence,
                        const std::vector<std::string>& tasks);

// Null if there is none, or it has no tasks.
const Sequence* FindSequence(const Shipyard& shipyard, absl::string_view stage,
                             absl::string_view sequence);

struct Follower {
  std::string stage;
  std::string sequence;
};

// The sequences that start when `stage`.`sequence` has ended with `result`, its last task being
// `last_task`.
std::vector<Follower> FindFollowers(const Shipyard& shipyard, const std::string& stage,
                                    const std::string& sequence, const std::string& result,
                                    const std::string& last_task);

}  // namespace jobexec::test_keptn
