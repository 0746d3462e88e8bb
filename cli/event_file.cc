#include "cli/event_file.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "scheduler/config/compiled_config.h"

namespace jobexec::cli {
namespace {

constexpr char kId[] = "11111111-1111-4111-8111-111111111111";
constexpr char kContext[] = "22222222-2222-4222-8222-222222222222";

void Complete(const char* attribute, const char* value, const char* why, EventFile& file) {
  if (!cloudevents::Attribute(file.event, attribute).empty()) return;
  cloudevents::SetAttribute(file.event, attribute, value);
  file.notes.push_back(absl::StrCat(attribute, " is missing; taking \"", value, "\"", why));
}

void NoteScope(const nlohmann::json& event, const char* name, const std::string& fallback,
               EventFile& file) {
  const nlohmann::json* value = json::FindPath(event, {"data", name});
  const bool is_absent = value == nullptr || value->is_null() ||
                         (value->is_string() && value->get_ref<const std::string&>().empty());
  if (!is_absent) return;
  file.notes.push_back(fallback.empty()
                           ? absl::StrCat("data.", name, " is missing; add it or pass --default-",
                                          name, ", without it the event is ignored")
                           : absl::StrCat("data.", name, " is missing; taking \"", fallback,
                                          "\" of --default-", name));
}

void NoteType(EventFile& file) {
  const std::string& type = file.event.type();
  if (type.empty() || scheduler::CanMatch(type)) return;
  file.notes.push_back(absl::StrCat(
      "type ", type,
      " is no task event, so no action can match it; Keptn sends "
      "sh.keptn.event.<task>.triggered for each task of a sequence: pass it as --type"));
}

}  // namespace

absl::StatusOr<EventFile> ReadEventFile(absl::string_view text, absl::string_view type,
                                        const resources::Scope& default_scope) {
  // One level more than the data may have, for the event around it.
  ASSIGN_OR_RETURN(const nlohmann::json json,
                   json::Parse(text, {.max_depth = json::ParseLimits{}.max_depth + 1}));
  EventFile file;
  ASSIGN_OR_RETURN(file.event, cloudevents::EventFromJson(json));
  if (!type.empty()) cloudevents::SetAttribute(file.event, "type", type);
  if (file.event.type().empty()) {
    return absl::InvalidArgumentError(
        "type is missing; add it, e.g. \"type\": \"sh.keptn.event.test.triggered\", or pass "
        "--type");
  }
  Complete("specversion", "1.0", "", file);
  Complete("id", kId, "; the names of Jobs follow from id and source", file);
  Complete("source", "jobexec", "; the names of Jobs follow from id and source", file);
  if (absl::StartsWith(file.event.type(), "sh.keptn.event.")) {
    Complete("shkeptncontext", kContext, "", file);
  }
  NoteType(file);
  NoteScope(json, "project", default_scope.project, file);
  NoteScope(json, "stage", default_scope.stage, file);
  NoteScope(json, "service", default_scope.service, file);
  return file;
}

}  // namespace jobexec::cli
