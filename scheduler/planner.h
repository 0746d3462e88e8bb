// From an event and its matching actions to the plan. Pure: no I/O, no clock.
//
// The plan follows from the event, the config and the installation's settings alone, so that every
// scheduler that sees the event again makes the same one.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/resources/resource_store.h"
#include "common/runs/event_facts.h"
#include "scheduler/config/job_config.h"
#include "scheduler/config/job_defaults.h"
#include "scheduler/event_input.h"
#include "scheduler/grant.h"
#include "scheduler/plan.h"

namespace jobexec::scheduler {

struct PlannerSettings {
  std::string installation;
  JobDefaults defaults;
  // Answer also events whose config is missing or bad.
  bool always_send_finished = false;
  // Where init containers reach the scheduler: "host:port".
  std::string fetch_address;
  // How long after planning a Job may still start and fetch its files.
  absl::Duration grant_lifetime = absl::Hours(24);
};

// Thread-safe.
class Planner {
 public:
  Planner(PlannerSettings settings, GrantSigner signer);

  // Why an action cannot run, by its index among the matching actions.
  using RefusedActions = std::map<int, absl::Status>;

  // The plan of the actions `matching` (indices in the file, ascending, not empty). `refused` adds
  // refusals that only the API server could know. Grants expire `grant_lifetime` after `now`.
  Plan PlanRuns(const EventInput& input, const JobConfig& config, const std::vector<int>& matching,
                const RefusedActions& refused, absl::Time now) const;

  // The plan of an event that is refused as a whole. `answered`: the refusal is answered if the
  // event's type is one that gets answers.
  Plan PlanRefusal(const runs::EventFacts& facts, const absl::Status& why, bool answered) const;

  const PlannerSettings& settings() const { return settings_; }

 private:
  struct DraftEntry;
  struct Draft;
  Draft DraftTasks(const EventInput& input, const JobConfig& config,
                   const std::vector<int>& matching, const RefusedActions& refused) const;
  absl::Status DraftAction(const EventInput& input, const JobConfig& config, int action_in_file,
                           int action, Draft& draft) const;
  void AddGrant(const EventInput& input, const Task& task, absl::Time now,
                nlohmann::json& job) const;
  void Identify(const EventInput& input, const std::string& plan_hash, absl::Time now,
                Draft& draft) const;
  bool IsAnchor(const Draft& draft, const DraftEntry& entry) const;
  nlohmann::json MakeAnchor(const runs::EventFacts& facts, const std::string& plan_hash,
                            Draft& draft) const;
  static std::string PlanHash(const JobConfig& config, const Draft& draft);
  Plan Assemble(const EventInput& input, const JobConfig& config, Draft draft,
                absl::Time now) const;

  const PlannerSettings settings_;
  const GrantSigner signer_;
};

}  // namespace jobexec::scheduler
