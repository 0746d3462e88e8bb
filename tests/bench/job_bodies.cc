#include "tests/bench/job_bodies.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/cloudevents/event.h"
#include "common/cloudevents/http_binding.h"
#include "common/resources/directory_store.h"
#include "scheduler/config_source.h"
#include "scheduler/planner.h"
#include "scheduler/settings.h"
#include "tests/bench/events.h"

namespace jobexec::bench {
namespace {

absl::StatusOr<scheduler::EventInput> ReadInput(const std::string& event_id) {
  ASSIGN_OR_RETURN(
      const auto events,
      cloudevents::EventsFromHttp({.method = "POST",
                                   .headers = {{"Content-Type", "application/cloudevents+json"}},
                                   .body = MakeEvent(event_id)}));
  scheduler::EventInput input;
  ASSIGN_OR_RETURN(input.document, cloudevents::ToDocument(events.front()));
  ASSIGN_OR_RETURN(input.facts, runs::FactsOf(input.document));
  input.facts.via = runs::Via::kHttp;
  return input;
}

absl::StatusOr<std::string> MakeBody(const std::string& event_id, const scheduler::Planner& planner,
                                     scheduler::ConfigSource& configs) {
  ASSIGN_OR_RETURN(const scheduler::EventInput input, ReadInput(event_id));
  ASSIGN_OR_RETURN(const auto config, configs.Locate({kProject, kStage, kService}, ""));
  const auto matching = scheduler::MatchingActions(*config, input.facts.type, input.document);
  if (matching.size() != 1) return absl::InternalError("not one action matches the event");
  const scheduler::Plan plan =
      planner.PlanRuns(input, config->config(), matching, {}, RealClock().TimeNow());
  if (plan.refusal.has_value()) return absl::InternalError(plan.refusal->message);
  return plan.anchor.body;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> MakeJobBodies(const config::Environment& scheduler,
                                                       const std::vector<std::string>& event_ids) {
  config::SettingsReader reader(scheduler);
  const scheduler::Settings settings = scheduler::LoadSettings(reader);
  RETURN_IF_ERROR(reader.Finish());
  const auto store = resources::MakeDirectoryStore(settings.files.directory);
  scheduler::ConfigSource configs(*store);
  const scheduler::Planner planner(settings.planner, scheduler::GrantSigner(settings.grant_key));
  std::vector<std::string> bodies;
  for (const std::string& id : event_ids) {
    ASSIGN_OR_RETURN(std::string body, MakeBody(id, planner, configs));
    bodies.push_back(std::move(body));
  }
  return bodies;
}

}  // namespace jobexec::bench
