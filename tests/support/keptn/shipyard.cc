#include "tests/support/keptn/shipyard.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace jobexec::test_keptn {
namespace {

absl::Status Missing(const std::string& where) {
  return absl::InvalidArgumentError(absl::StrCat("the shipyard has no ", where));
}

nlohmann::json ScalarToJson(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  int64_t integer = 0;
  double number = 0;
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true" || text == "false") return text == "true";
  if (absl::SimpleAtoi(text, &integer)) return integer;
  if (absl::SimpleAtod(text, &number)) return number;
  return text;
}

nlohmann::json ToJson(const YAML::Node& node) {
  if (node.IsScalar()) return ScalarToJson(node);
  nlohmann::json value;
  if (node.IsSequence()) value = nlohmann::json::array();
  if (node.IsMap()) value = nlohmann::json::object();
  for (const auto& item : node) {
    if (node.IsMap()) {
      value[item.first.Scalar()] = ToJson(item.second);
    } else {
      value.push_back(ToJson(item));
    }
  }
  return value;
}

absl::StatusOr<std::string> NameOf(const YAML::Node& node, const std::string& what) {
  if (!node.IsMap() || !node["name"] || !node["name"].IsScalar()) return Missing(what + " name");
  return node["name"].Scalar();
}

absl::StatusOr<Task> ReadTask(const YAML::Node& node) {
  Task task;
  ASSIGN_OR_RETURN(task.name, NameOf(node, "task"));
  if (node["properties"]) task.properties = ToJson(node["properties"]);
  if (node["triggeredAfter"] &&
      !absl::ParseDuration(node["triggeredAfter"].Scalar(), &task.triggered_after)) {
    return absl::InvalidArgumentError(
        absl::StrCat("triggeredAfter of task ", task.name, ": expected a duration such as 5s"));
  }
  return task;
}

absl::StatusOr<Trigger> ReadTrigger(const YAML::Node& node) {
  if (!node.IsMap() || !node["event"]) return Missing("event in triggeredOn");
  Trigger trigger;
  trigger.event = node["event"].Scalar();
  if (node["selector"] && node["selector"]["match"]) {
    trigger.match.emplace();
    for (const auto& item : node["selector"]["match"]) {
      (*trigger.match)[item.first.Scalar()] = item.second.Scalar();
    }
  }
  return trigger;
}

absl::StatusOr<Sequence> ReadSequence(const YAML::Node& node) {
  Sequence sequence;
  ASSIGN_OR_RETURN(sequence.name, NameOf(node, "sequence"));
  for (const auto& item : node["tasks"]) {
    ASSIGN_OR_RETURN(Task task, ReadTask(item));
    sequence.tasks.push_back(std::move(task));
  }
  for (const auto& item : node["triggeredOn"]) {
    ASSIGN_OR_RETURN(Trigger trigger, ReadTrigger(item));
    sequence.triggered_on.push_back(std::move(trigger));
  }
  return sequence;
}

absl::StatusOr<Stage> ReadStage(const YAML::Node& node) {
  Stage stage;
  ASSIGN_OR_RETURN(stage.name, NameOf(node, "stage"));
  for (const auto& item : node["sequences"]) {
    ASSIGN_OR_RETURN(Sequence sequence, ReadSequence(item));
    stage.sequences.push_back(std::move(sequence));
  }
  return stage;
}

absl::StatusOr<Shipyard> ReadShipyard(const YAML::Node& root) {
  if (!root.IsMap() || !root["spec"] || !root["spec"].IsMap() || !root["spec"]["stages"]) {
    return Missing("spec.stages");
  }
  Shipyard shipyard;
  for (const auto& item : root["spec"]["stages"]) {
    ASSIGN_OR_RETURN(Stage stage, ReadStage(item));
    shipyard.stages.push_back(std::move(stage));
  }
  return shipyard;
}

bool Fires(const Trigger& trigger, const std::string& event, const std::string& result,
           const std::string& last_task) {
  if (trigger.event != event) return false;
  if (!trigger.match.has_value()) return result == "pass" || result == "warning";
  const auto has = [&](const std::string& key) {
    const auto wanted = trigger.match->find(key);
    return wanted != trigger.match->end() && wanted->second == result;
  };
  return has("result") || has(last_task + ".result");
}

}  // namespace

absl::StatusOr<Shipyard> ParseShipyard(absl::string_view yaml) {
  try {
    return ReadShipyard(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("the shipyard is no YAML: ", error.what()));
  }
}

Shipyard SimpleShipyard(const std::string& stage, const std::string& sequence,
                        const std::vector<std::string>& tasks) {
  Sequence only{.name = sequence};
  for (const std::string& task : tasks) only.tasks.push_back({.name = task});
  return {.stages = {{.name = stage, .sequences = {only}}}};
}

const Sequence* FindSequence(const Shipyard& shipyard, absl::string_view stage,
                             absl::string_view sequence) {
  for (const Stage& candidate : shipyard.stages) {
    if (candidate.name != stage) continue;
    const auto found = std::find_if(candidate.sequences.begin(), candidate.sequences.end(),
                                    [&](const Sequence& each) { return each.name == sequence; });
    if (found != candidate.sequences.end() && !found->tasks.empty()) return &*found;
  }
  return nullptr;
}

std::vector<Follower> FindFollowers(const Shipyard& shipyard, const std::string& stage,
                                    const std::string& sequence, const std::string& result,
                                    const std::string& last_task) {
  const std::string event = absl::StrCat(stage, ".", sequence, ".finished");
  std::vector<Follower> followers;
  for (const Stage& candidate : shipyard.stages) {
    for (const Sequence& each : candidate.sequences) {
      for (const Trigger& trigger : each.triggered_on) {
        if (!Fires(trigger, event, result, last_task)) continue;
        followers.push_back({.stage = candidate.name, .sequence = each.name});
      }
    }
  }
  return followers;
}

}  // namespace jobexec::test_keptn
