// One run of a sequence, as the shipyard-controller keeps it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/keptn/completion.h"
#include "tests/support/keptn/shipyard.h"

namespace jobexec::test_keptn {

struct Scope {
  std::string project;
  std::string stage;
  std::string service;

  bool complete() const { return !project.empty() && !stage.empty() && !service.empty(); }
  auto operator<=>(const Scope&) const = default;
};

// Where an event's data says that it belongs.
Scope ScopeOf(const nlohmann::json& event);

// An empty `wanted` fits everything.
bool FitsText(const std::string& wanted, const std::string& value);

struct TaskResult {
  std::string name;
  std::string triggered_id;
  Outcome outcome;
  nlohmann::json properties;  // the data of all its .finished
};

struct CurrentTask {
  std::string name;
  std::string triggered_id;
  std::vector<TaskEvent> events;
};

enum class State { kTriggered, kStarted, kPaused, kFinished, kTimedOut };

struct Execution {
  std::string id;
  Sequence sequence;
  Scope scope;
  std::string context;
  std::string triggered_id;  // of the event that started the sequence
  std::string commit;
  nlohmann::json input;  // data of that event
  State state = State::kTriggered;
  State state_before_pause = State::kTriggered;
  std::vector<TaskResult> previous;
  std::optional<CurrentTask> current;

  bool ended() const { return state == State::kFinished || state == State::kTimedOut; }
};

// Null if all tasks have run, or the last one forbids to go on.
const Task* NextTask(const Execution& execution);

// Data of the next .triggered event: what started the sequence, what its tasks have answered so
// far, the next task's properties under its name, and no message.
nlohmann::json TriggeredData(const Execution& execution);

// As GET /v1/sequence-execution shows it.
nlohmann::json ToJson(const Execution& execution);

}  // namespace jobexec::test_keptn
