// When Keptn takes a task for done, and with what result.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace jobexec::test_keptn {

// A .started or .finished that was counted for the current task.
struct TaskEvent {
  std::string type;
  std::string kind;  // "started" or "finished"
  std::string source;
  std::string result;
  std::string status;
  std::string time;
  nlohmann::json data;
};

struct Outcome {
  std::string result;
  std::string status;

  bool operator==(const Outcome&) const = default;
};

int CountKind(const std::vector<TaskEvent>& events, const std::string& kind);

// Nothing unless there are as many .started as .finished, and any. Only their numbers count: two
// .started of one executor wait for a second .finished for ever. Pure.
std::optional<Outcome> CompletionOf(const std::vector<TaskEvent>& events);

// The next task of a sequence runs only after such an outcome.
bool MayContinue(const Outcome& outcome);

}  // namespace jobexec::test_keptn
