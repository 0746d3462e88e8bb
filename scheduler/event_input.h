// From a CloudEvent to what planning needs of it. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/cloudevents/event.h"
#include "common/resources/resource_store.h"
#include "common/runs/event_facts.h"

namespace jobexec::scheduler {

// An event as the planner needs it.
struct EventInput {
  nlohmann::json document;  // the whole event as JSON
  runs::EventFacts facts;
};

// Document and facts of the event; `default_scope` fills in what its data does not name.
// INVALID_ARGUMENT (EVENT_INVALID) names the attribute or field that is wrong.
absl::StatusOr<EventInput> ReadEventInput(const cloudevents::Event& event,
                                          const resources::Scope& default_scope);

// Why the event is none of ours whatever the config says, or nothing.
std::optional<std::string> ReasonToIgnore(const runs::EventFacts& facts);

// Why an event is ignored that no action wants.
std::string NoActionMatches(const runs::EventFacts& facts);

}  // namespace jobexec::scheduler
