#include "scheduler/event_input.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "scheduler/config/compiled_config.h"

namespace jobexec::scheduler {
namespace {

absl::StatusOr<EventInput> Read(const cloudevents::Event& event) {
  RETURN_IF_ERROR(cloudevents::Validate(event));
  EventInput input;
  ASSIGN_OR_RETURN(input.document, cloudevents::ToDocument(event));
  ASSIGN_OR_RETURN(input.facts, runs::FactsOf(input.document));
  return input;
}

}  // namespace

absl::StatusOr<EventInput> ReadEventInput(const cloudevents::Event& event,
                                          const resources::Scope& default_scope) {
  auto input = Read(event);
  if (!input.ok()) {
    absl::Status invalid = input.status();
    SetReason(invalid, "EVENT_INVALID");
    return invalid;
  }
  runs::EventFacts& facts = input->facts;
  if (facts.project.empty()) facts.project = default_scope.project;
  if (facts.stage.empty()) facts.stage = default_scope.stage;
  if (facts.service.empty()) facts.service = default_scope.service;
  return input;
}

std::optional<std::string> ReasonToIgnore(const runs::EventFacts& facts) {
  if (!CanMatch(facts.type)) {
    return absl::StrCat("type ", facts.type,
                        " is not a task event: expected sh.keptn.event.<task>.<kind>");
  }
  if (facts.project.empty() || facts.stage.empty() || facts.service.empty()) {
    return "data has no project, stage or service, and DEFAULT_PROJECT, DEFAULT_STAGE and "
           "DEFAULT_SERVICE do not fill them in";
  }
  return std::nullopt;
}

std::string NoActionMatches(const runs::EventFacts& facts) {
  return absl::StrCat("no action of job/config.yaml matches type ", facts.type);
}

}  // namespace jobexec::scheduler
