#include "cli/simulation.h"

#include <utility>

#include "common/base/status_macros.h"
#include "scheduler/config/compiled_config.h"

namespace jobexec::cli {

absl::StatusOr<Simulation> Simulate(const cloudevents::Event& event,
                                    const scheduler::JobConfig& config,
                                    const JobSettings& settings) {
  Simulation result;
  ASSIGN_OR_RETURN(result.input, scheduler::ReadEventInput(event, settings.default_scope));
  const runs::EventFacts& facts = result.input.facts;
  if (auto reason = scheduler::ReasonToIgnore(facts)) {
    result.ignored_reason = *std::move(reason);
    return result;
  }
  result.matching = scheduler::MatchingActions(scheduler::CompiledConfig(config), facts.type,
                                               result.input.document);
  if (result.matching.empty()) {
    result.ignored_reason = scheduler::NoActionMatches(facts);
    return result;
  }
  // The key and the time are in nothing but the grants.
  const scheduler::Planner planner(settings.planner, scheduler::GrantSigner("no grant"));
  result.plan = planner.PlanRuns(result.input, config, result.matching, {}, absl::UnixEpoch());
  return result;
}

}  // namespace jobexec::cli
