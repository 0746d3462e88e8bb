#include "tests/support/keptn/sequence_states.h"

#include <algorithm>

#include "common/json/json.h"

namespace jobexec::test_keptn {

void SequenceStates::Triggered(const Scope& scope, const std::string& context,
                               const std::string& sequence, const std::string& time) {
  if (by_context_.contains(context)) return;
  by_context_[context] = {{"name", sequence},
                          {"project", scope.project},
                          {"service", scope.service},
                          {"shkeptncontext", context},
                          {"time", time},
                          {"state", "triggered"},
                          {"stages", nlohmann::json::array()}};
}

void SequenceStates::SetOverall(const std::string& context, const std::string& state) {
  const auto found = by_context_.find(context);
  if (found != by_context_.end()) found->second["state"] = state;
}

void SequenceStates::Touch(const std::string& stage, const nlohmann::json& event,
                           const std::string& stage_state) {
  const auto found = by_context_.find(json::GetString(event, "shkeptncontext"));
  if (found == by_context_.end()) return;
  nlohmann::json& stages = found->second["stages"];
  auto entry = std::find_if(stages.begin(), stages.end(), [&](const nlohmann::json& each) {
    return json::GetString(each, "name") == stage;
  });
  if (entry == stages.end()) {
    stages.push_back({{"name", stage}});
    entry = std::prev(stages.end());
  }
  const nlohmann::json latest = {{"type", json::GetString(event, "type")},
                                 {"id", json::GetString(event, "id")},
                                 {"time", json::GetString(event, "time")}};
  (*entry)["state"] = stage_state;
  (*entry)["latestEvent"] = latest;
  const nlohmann::json& data = event["data"];
  if (json::GetString(data, "result") == "fail" || json::GetString(data, "status") == "errored") {
    (*entry)["latestFailedEvent"] = latest;
  }
}

std::vector<nlohmann::json> SequenceStates::List(const std::string& project,
                                                 const std::string& context) const {
  std::vector<nlohmann::json> states;
  for (const auto& [key, state] : by_context_) {
    if (json::GetString(state, "project") != project) continue;
    if (context.empty() || context == key) states.push_back(state);
  }
  return states;
}

}  // namespace jobexec::test_keptn
