// Which events an action wants, and whether it can ever get one.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "cli/lint_checks.h"
#include "scheduler/config/event_filter.h"

namespace jobexec::cli {
namespace {

using scheduler::EventFilter;

constexpr char kKeptnTypes[] = "sh.keptn.event.";
constexpr int kDotsOfATaskEvent = 4;

// True for the plain text of a type of Keptn with more parts than task events have.
bool IsSequenceType(absl::string_view pattern) {
  absl::ConsumePrefix(&pattern, "^");
  absl::ConsumeSuffix(&pattern, "$");
  const std::string type = absl::StrReplaceAll(pattern, {{"\\.", "."}});
  return absl::StartsWith(type, kKeptnTypes) &&
         type.find_first_of("\\*+?[](){}|^$") == std::string::npos &&
         std::count(type.begin(), type.end(), '.') > kDotsOfATaskEvent;
}

// False if the entry can match no event.
bool CheckPattern(const EventFilter& event, const Path& path, Findings& findings) {
  const auto pattern = scheduler::CompileTypePattern(event.type_pattern);
  if (!pattern.ok()) {
    findings.Error(path / "name", "event-name",
                   absl::StrCat(pattern.status().message(),
                                "; expected RE2 syntax, e.g. sh.keptn.event.test.triggered"));
    return false;
  }
  if (event.type_pattern.empty()) {
    findings.MissingWarning(
        path, "event-name",
        "the event has no name and matches every type; name one, or \".*\" if that is meant");
  }
  if (!IsSequenceType(event.type_pattern)) return true;
  findings.Warning(path / "name", "event-name",
                   absl::StrCat("\"", scheduler::Shown(event.type_pattern),
                                "\" names the type of a sequence, which is never matched; expected "
                                "the type of a task, sh.keptn.event.<task>.<kind>"));
  return false;
}

bool CheckProperty(const EventFilter& event, const Path& path, Findings& findings) {
  if (event.property.empty()) {
    if (event.match.empty()) return true;
    findings.Warning(path / "match", "jsonpath",
                     "match without property is ignored; add a property, e.g. $.data.result");
    return true;
  }
  const auto property = scheduler::CompileProperty(event.property);
  if (!property.ok()) {
    findings.Error(path / "property", "jsonpath",
                   absl::StrCat(property.status().message(),
                                "; expected RFC 9535 over the whole event, e.g. $.data.result"));
    return false;
  }
  if (event.match.empty()) {
    findings.MissingWarning(path, "jsonpath",
                            "property without match equals only the empty text; add a match");
  }
  return true;
}

}  // namespace

void CheckEvents(const scheduler::Action& action, const Path& path, Findings& findings) {
  bool is_reachable = false;
  for (size_t i = 0; i < action.events.size(); ++i) {
    const Path event = path / "events" / i;
    const bool has_pattern = CheckPattern(action.events[i], event, findings);
    const bool has_property = CheckProperty(action.events[i], event / "jsonpath", findings);
    is_reachable = is_reachable || (has_pattern && has_property);
  }
  if (action.events.empty()) {
    findings.MissingError(path, "unreachable",
                          "the action has no events and never runs; add one, e.g. "
                          "events: [{name: sh.keptn.event.test.triggered}]");
  } else if (!is_reachable) {
    findings.Error(path, "unreachable",
                   "none of the action's events can match, so it never runs; mend one of them");
  }
}

}  // namespace jobexec::cli
