#include "tests/support/keptn/engine.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/json/json.h"
#include "tests/support/keptn/event_type.h"
#include "tests/support/keptn/ids.h"

namespace jobexec::test_keptn {
namespace {

nlohmann::json Said(const std::string& outcome) { return {{"outcome", outcome}}; }

bool Fits(const OfferFilter& filter, const nlohmann::json& event) {
  const Scope scope = ScopeOf(event);
  return FitsText(filter.type, json::GetString(event, "type")) &&
         FitsText(filter.project, scope.project) && FitsText(filter.stage, scope.stage) &&
         FitsText(filter.service, scope.service) &&
         FitsText(filter.event_id, json::GetString(event, "id"));
}

}  // namespace

Engine::Engine(Options options, Neighbours neighbours, Clock& clock, EventLog& log)
    : options_(options), neighbours_(std::move(neighbours)), clock_(clock), log_(log) {}

void Engine::SetShipyard(const std::string& project, Shipyard shipyard) {
  absl::MutexLock lock(&mutex_);
  shipyards_[project] = std::move(shipyard);
}

bool Engine::HasProject(const std::string& project) const {
  absl::MutexLock lock(&mutex_);
  return shipyards_.contains(project);
}

Publications Engine::Handle(const nlohmann::json& event, uint64_t sequence) {
  Publications out;
  absl::MutexLock lock(&mutex_);
  nlohmann::json entry = TakeLocked(event, out);
  entry["sequence"] = sequence;
  entry["type"] = json::GetString(event, "type");
  entry["id"] = json::GetString(event, "id");
  entry["source"] = json::GetString(event, "source");
  entry["context"] = json::GetString(event, "shkeptncontext");
  entry["triggeredId"] = json::GetString(event, "triggeredid");
  if (entry["outcome"] == "crash") log_.Add("controller_crash", entry);
  log_.Add("event", std::move(entry));
  return out;
}

// The order of these checks is the original's.
nlohmann::json Engine::TakeLocked(const nlohmann::json& event, Publications& out) {
  const nlohmann::json* data = json::Find(event, "data");
  if (data != nullptr && !data->is_object() && !data->is_null()) return Said("undecodable");
  const std::string text = json::GetString(event, "type");
  const std::optional<EventType> type = ParseEventType(text);
  if (!type.has_value()) return Said(text.empty() ? "no type" : "not a valid type");
  const nlohmann::json* source = json::Find(event, "source");
  if (source == nullptr || !source->is_string()) return Said("crash");
  if (type->kind == "triggered" && !type->is_task()) return QueueSequenceLocked(event, *type, out);
  const bool is_answer = type->kind == "started" || type->kind == "finished";
  if (is_answer && type->is_task()) return CountLocked(event, *type, out);
  return Said("ignored");
}

nlohmann::json Engine::QueueSequenceLocked(const nlohmann::json& event, const EventType& type,
                                           Publications& out) {
  const Scope scope = ScopeOf(event);
  if (!scope.complete()) return Said("incomplete scope");
  const auto shipyard = shipyards_.find(scope.project);
  if (shipyard == shipyards_.end()) {
    return RefuseSequenceLocked(event, type, "Unable to retrieve Shipyard file", out);
  }
  const Sequence* sequence = FindSequence(shipyard->second, scope.stage, type.name);
  if (sequence == nullptr) {
    return RefuseSequenceLocked(event, type, "Unable to start sequence " + type.name, out);
  }
  const std::string id = json::GetString(event, "id");
  if (!sequence_ids_.insert(id).second) return Said("duplicate sequence");
  Execution& execution = executions_.emplace_back();
  execution.id = RandomUuid();
  execution.sequence = *sequence;
  execution.scope = scope;
  execution.context = json::GetString(event, "shkeptncontext");
  execution.triggered_id = id;
  execution.commit = json::GetString(event, "gitcommitid");
  if (execution.commit.empty()) {
    execution.commit = neighbours_.latest_commit(scope.project, scope.stage);
  }
  execution.input = event["data"];
  by_context_[execution.context].push_back(&execution);
  waiting_.push_back(&execution);
  states_.Triggered(scope, execution.context, type.name, json::GetString(event, "time"));
  if (paused_contexts_.contains(execution.context)) PauseLocked(execution);
  StartIfFreeLocked(execution, out);
  return Said("sequence queued");
}

nlohmann::json Engine::RefuseSequenceLocked(const nlohmann::json& event, const EventType& type,
                                            const std::string& why, Publications& out) {
  const Scope scope = ScopeOf(event);
  nlohmann::json data = {{"project", scope.project}, {"stage", scope.stage},
                         {"service", scope.service}, {"status", "errored"},
                         {"result", "fail"},         {"message", why}};
  nlohmann::json finished =
      MakeEventLocked(SequenceEventType(scope.stage, type.name, "finished"),
                      json::GetString(event, "shkeptncontext"), std::move(data));
  finished["triggeredid"] = json::GetString(event, "id");
  out.push_back(std::move(finished));
  return Said("sequence refused");
}

// By project, context and the id of the current task; neither stage nor service matter.
Execution* Engine::FindOpenLocked(const nlohmann::json& event) {
  const auto found = by_context_.find(json::GetString(event, "shkeptncontext"));
  const std::string triggered_id = json::GetString(event, "triggeredid");
  if (found == by_context_.end() || triggered_id.empty()) return nullptr;
  const std::string project = ScopeOf(event).project;
  const auto open = std::find_if(found->second.begin(), found->second.end(), [&](Execution* each) {
    return each->scope.project == project && each->current.has_value() &&
           each->current->triggered_id == triggered_id;
  });
  return open == found->second.end() ? nullptr : *open;
}

nlohmann::json Engine::CountLocked(const nlohmann::json& event, const EventType& type,
                                   Publications& out) {
  if (!ScopeOf(event).complete()) return Said("incomplete scope");
  Execution* execution = FindOpenLocked(event);
  if (execution == nullptr) return Said("no open task");
  const nlohmann::json& data = event["data"];
  std::vector<TaskEvent>& events = execution->current->events;
  events.push_back({.type = json::GetString(event, "type"),
                    .kind = type.kind,
                    .source = json::GetString(event, "source"),
                    .result = json::GetString(data, "result"),
                    .status = json::GetString(data, "status"),
                    .time = json::GetString(event, "time"),
                    .data = type.kind == "finished" ? data : nlohmann::json()});
  const std::optional<Outcome> outcome = CompletionOf(events);
  nlohmann::json entry = {{"outcome", "counted"},
                          {"started", CountKind(events, "started")},
                          {"finished", CountKind(events, "finished")},
                          {"complete", outcome.has_value()}};
  states_.Touch(execution->scope.stage, event, "triggered");
  if (outcome.has_value()) CompleteTaskLocked(*execution, *outcome, data, out);
  return entry;
}

std::vector<nlohmann::json> Engine::Offers(const OfferFilter& filter) const {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.TimeNow();
  std::vector<const Offer*> found;
  for (const auto& [id, offer] : offers_) {
    if (offer.time <= now && Fits(filter, offer.event)) found.push_back(&offer);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Offer* a, const Offer* b) { return a->time > b->time; });
  std::vector<nlohmann::json> events;
  for (const Offer* offer : found) {
    events.push_back(offer->event);
    // What is stored has no place for it.
    events.back().erase("datacontenttype");
  }
  return events;
}

std::vector<Execution> Engine::Executions(const std::string& project,
                                          const std::string& context) const {
  absl::MutexLock lock(&mutex_);
  std::vector<Execution> found;
  if (context.empty()) {
    std::copy_if(executions_.begin(), executions_.end(), std::back_inserter(found),
                 [&](const Execution& each) { return each.scope.project == project; });
    return found;
  }
  const auto of_context = by_context_.find(context);
  if (of_context == by_context_.end()) return found;
  for (const Execution* each : of_context->second) {
    if (each->scope.project == project) found.push_back(*each);
  }
  return found;
}

std::vector<nlohmann::json> Engine::States(const std::string& project,
                                           const std::string& context) const {
  absl::MutexLock lock(&mutex_);
  return states_.List(project, context);
}

}  // namespace jobexec::test_keptn
