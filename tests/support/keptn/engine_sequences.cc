// Engine: how a sequence goes from task to task, and to the sequences that follow it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/json/json.h"
#include "tests/support/keptn/engine.h"
#include "tests/support/keptn/ids.h"
#include "tests/support/keptn/merge.h"

namespace jobexec::test_keptn {
namespace {

// Data of all .finished of a task.
nlohmann::json MergedAnswers(const std::vector<TaskEvent>& events) {
  nlohmann::json merged;
  for (const TaskEvent& event : events) {
    if (event.kind == "finished") Merge(merged, event.data);
  }
  return merged;
}

}  // namespace

nlohmann::json Engine::MakeEventLocked(const std::string& type, const std::string& context,
                                       nlohmann::json data) {
  return {{"specversion", "1.0"},
          {"id", RandomUuid()},
          {"source", "shipyard-controller"},
          {"type", type},
          {"datacontenttype", "application/json"},
          {"time", FormatTimestamp(clock_.TimeNow())},
          {"shkeptncontext", context},
          {"shkeptnspecversion", "latest"},
          {"data", std::move(data)}};
}

void Engine::SetStateLocked(Execution& execution, State state) {
  const auto running = running_.find(execution.scope);
  if (running != running_.end() && running->second == &execution) running_.erase(running);
  if (state == State::kStarted) running_[execution.scope] = &execution;
  execution.state = state;
}

// One sequence runs at a time for each project, stage and service.
void Engine::StartIfFreeLocked(Execution& execution, Publications& out) {
  if (execution.state != State::kTriggered) return;
  if (running_.contains(execution.scope)) {
    states_.SetOverall(execution.context, "waiting");
    return;
  }
  std::erase(waiting_, &execution);
  SetStateLocked(execution, State::kStarted);
  states_.SetOverall(execution.context, "started");
  log_.Add("sequence_started", {{"project", execution.scope.project},
                                {"stage", execution.scope.stage},
                                {"service", execution.scope.service},
                                {"sequence", execution.sequence.name},
                                {"context", execution.context},
                                {"triggeredId", execution.triggered_id}});
  TriggerTaskLocked(execution, *NextTask(execution), out);
}

void Engine::StartWaitingLocked(Publications& out) {
  const std::vector<Execution*> waiting = waiting_;
  for (Execution* each : waiting) StartIfFreeLocked(*each, out);
}

void Engine::TriggerTaskLocked(Execution& execution, const Task& task, Publications& out) {
  nlohmann::json event = MakeEventLocked(TaskEventType(task.name, "triggered"), execution.context,
                                         TriggeredData(execution));
  event["gitcommitid"] = execution.commit;
  const std::string id = json::GetString(event, "id");
  execution.current = CurrentTask{.name = task.name, .triggered_id = id};
  Offer& offer = offers_[id];
  offer.time = clock_.TimeNow() + task.triggered_after;
  event["time"] = FormatTimestamp(offer.time);
  offer.event = event;
  offer.execution = &execution;
  states_.Touch(execution.scope.stage, event, "triggered");
  log_.Add("task_triggered", {{"type", event["type"]},
                              {"id", id},
                              {"task", task.name},
                              {"context", execution.context},
                              {"project", execution.scope.project},
                              {"stage", execution.scope.stage},
                              {"service", execution.scope.service}});
  if (task.triggered_after == absl::ZeroDuration() && MaySendLocked(offer)) {
    offer.sent = true;
    out.push_back(std::move(event));
  } else {
    unsent_.insert(id);
  }
}

// Offers of a paused sequence wait, as do those that another running sequence of the same scope
// blocks.
bool Engine::MaySendLocked(const Offer& offer) const {
  if (offer.execution->state == State::kPaused) return false;
  const auto running = running_.find(offer.execution->scope);
  return running == running_.end() || running->second == offer.execution;
}

void Engine::CompleteTaskLocked(Execution& execution, const Outcome& outcome,
                                const nlohmann::json& closing, Publications& out) {
  const CurrentTask task = *std::move(execution.current);
  execution.current.reset();
  offers_.erase(task.triggered_id);
  unsent_.erase(task.triggered_id);
  execution.previous.push_back({.name = task.name,
                                .triggered_id = task.triggered_id,
                                .outcome = outcome,
                                .properties = MergedAnswers(task.events)});
  log_.Add("task_completed", {{"task", task.name},
                              {"id", task.triggered_id},
                              {"context", execution.context},
                              {"result", outcome.result},
                              {"status", outcome.status}});
  if (const Task* next = NextTask(execution); next != nullptr) {
    return TriggerTaskLocked(execution, *next, out);
  }
  End end{.outcome = outcome, .message = json::GetString(closing, "message")};
  if (closing.contains("labels")) end.labels = closing["labels"];
  EndLocked(execution, end, out);
  TriggerFollowersLocked(execution, out);
}

void Engine::EndLocked(Execution& execution, const End& end, Publications& out) {
  if (execution.current.has_value()) {
    offers_.erase(execution.current->triggered_id);
    unsent_.erase(execution.current->triggered_id);
    execution.current.reset();
  }
  SetStateLocked(execution, end.state);
  std::erase(waiting_, &execution);
  nlohmann::json data = {{"project", execution.scope.project}, {"stage", execution.scope.stage},
                         {"service", execution.scope.service}, {"status", end.outcome.status},
                         {"result", end.outcome.result},       {"message", end.message}};
  if (!end.labels.is_null()) data["labels"] = end.labels;
  nlohmann::json event =
      MakeEventLocked(SequenceEventType(execution.scope.stage, execution.sequence.name, "finished"),
                      execution.context, std::move(data));
  event["triggeredid"] = execution.triggered_id;
  states_.Touch(execution.scope.stage, event, end.outcome.status);
  log_.Add("sequence_finished", {{"stage", execution.scope.stage},
                                 {"sequence", execution.sequence.name},
                                 {"context", execution.context},
                                 {"triggeredId", execution.triggered_id},
                                 {"result", end.outcome.result},
                                 {"status", end.outcome.status}});
  out.push_back(std::move(event));
  StartWaitingLocked(out);
}

void Engine::TriggerFollowersLocked(const Execution& execution, Publications& out) {
  const TaskResult& last = execution.previous.back();
  const std::vector<Follower> followers =
      FindFollowers(shipyards_[execution.scope.project], execution.scope.stage,
                    execution.sequence.name, last.outcome.result, last.name);
  if (followers.empty()) states_.SetOverall(execution.context, "finished");
  for (const Follower& follower : followers) {
    nlohmann::json data = TriggeredData(execution);
    data["stage"] = follower.stage;
    out.push_back(MakeEventLocked(SequenceEventType(follower.stage, follower.sequence, "triggered"),
                                  execution.context, std::move(data)));
  }
}

}  // namespace jobexec::test_keptn
