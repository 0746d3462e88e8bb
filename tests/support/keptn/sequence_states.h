// The view of all sequences of a Keptn context that Keptn's bridge shows (GET /v1/sequence).
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/keptn/execution.h"

namespace jobexec::test_keptn {

// Not thread-safe.
class SequenceStates {
 public:
  // A sequence was triggered; the first one of a context gives it its name.
  void Triggered(const Scope& scope, const std::string& context, const std::string& sequence,
                 const std::string& time);

  // "waiting", "started", "paused", "finished", "aborted" or "timedOut".
  void SetOverall(const std::string& context, const std::string& state);

  // Something happened in a stage: the event, and the stage's state after it.
  void Touch(const std::string& stage, const nlohmann::json& event, const std::string& stage_state);

  // States of a project, of one context unless that is empty.
  std::vector<nlohmann::json> List(const std::string& project, const std::string& context) const;

 private:
  std::map<std::string, nlohmann::json> by_context_;
};

}  // namespace jobexec::test_keptn
