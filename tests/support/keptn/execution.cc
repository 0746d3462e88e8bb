#include "tests/support/keptn/execution.h"

#include "common/json/json.h"
#include "tests/support/keptn/merge.h"

namespace jobexec::test_keptn {
namespace {

std::string NameOf(State state) {
  switch (state) {
    case State::kTriggered:
      return "triggered";
    case State::kStarted:
      return "started";
    case State::kPaused:
      return "paused";
    case State::kFinished:
      return "finished";
    case State::kTimedOut:
      return "timedOut";
  }
  return "";
}

nlohmann::json ToJson(const CurrentTask& task) {
  nlohmann::json events = nlohmann::json::array();
  for (const TaskEvent& event : task.events) {
    events.push_back({{"eventType", event.type},
                      {"source", event.source},
                      {"result", event.result},
                      {"status", event.status},
                      {"time", event.time},
                      {"properties", event.data}});
  }
  return {{"name", task.name}, {"triggeredID", task.triggered_id}, {"events", events}};
}

nlohmann::json ToJson(const std::vector<TaskResult>& results) {
  nlohmann::json list = nlohmann::json::array();
  for (const TaskResult& result : results) {
    list.push_back({{"name", result.name},
                    {"triggeredID", result.triggered_id},
                    {"result", result.outcome.result},
                    {"status", result.outcome.status},
                    {"properties", result.properties}});
  }
  return list;
}

}  // namespace

bool FitsText(const std::string& wanted, const std::string& value) {
  return wanted.empty() || wanted == value;
}

Scope ScopeOf(const nlohmann::json& event) {
  const nlohmann::json* data = json::Find(event, "data");
  if (data == nullptr) return {};
  return {.project = json::GetString(*data, "project"),
          .stage = json::GetString(*data, "stage"),
          .service = json::GetString(*data, "service")};
}

const Task* NextTask(const Execution& execution) {
  const size_t next = execution.previous.size();
  if (next > 0 && !MayContinue(execution.previous.back().outcome)) return nullptr;
  return next < execution.sequence.tasks.size() ? &execution.sequence.tasks[next] : nullptr;
}

nlohmann::json TriggeredData(const Execution& execution) {
  nlohmann::json data = execution.input.is_object() ? execution.input : nlohmann::json::object();
  data["project"] = execution.scope.project;
  data["stage"] = execution.scope.stage;
  data["service"] = execution.scope.service;
  for (const TaskResult& task : execution.previous) Merge(data, task.properties);
  if (!execution.previous.empty()) {
    data["result"] = execution.previous.back().outcome.result;
    data["status"] = execution.previous.back().outcome.status;
  }
  data["message"] = "";
  const Task* next = NextTask(execution);
  if (next != nullptr && !next->properties.is_null()) Merge(data[next->name], next->properties);
  return data;
}

nlohmann::json ToJson(const Execution& execution) {
  nlohmann::json tasks = nlohmann::json::array();
  for (const Task& task : execution.sequence.tasks) tasks.push_back({{"name", task.name}});
  return {{"_id", execution.id},
          {"sequence", {{"name", execution.sequence.name}, {"tasks", tasks}}},
          {"status",
           {{"state", NameOf(execution.state)},
            {"stateBeforePause",
             execution.state == State::kPaused ? NameOf(execution.state_before_pause) : ""},
            {"previousTasks", ToJson(execution.previous)},
            {"currentTask", ToJson(execution.current.value_or(CurrentTask{}))}}},
          {"scope",
           {{"project", execution.scope.project},
            {"stage", execution.scope.stage},
            {"service", execution.scope.service},
            {"keptnContext", execution.context},
            {"triggeredId", execution.triggered_id},
            {"gitcommitid", execution.commit}}},
          {"inputProperties", execution.input}};
}

}  // namespace jobexec::test_keptn
