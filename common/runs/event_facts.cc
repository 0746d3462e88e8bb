#include "common/runs/event_facts.h"

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace jobexec::runs {
namespace {

// Text of a member that may be absent or null but must else be a string.
absl::StatusOr<std::string> TextMember(const nlohmann::json& object, const char* key,
                                       absl::string_view where) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::string();
  if (found->is_string()) return found->get_ref<const std::string&>();
  return absl::InvalidArgumentError(
      absl::StrCat(where, key, " is a ", found->type_name(), ", expected a string"));
}

absl::StatusOr<absl::Time> TimeMember(const nlohmann::json& object, const char* key) {
  ASSIGN_OR_RETURN(const std::string text, TextMember(object, key, ""));
  if (text.empty()) return absl::InfinitePast();
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return absl::InvalidArgumentError(
      absl::StrCat(key, " is \"", text, "\", expected RFC 3339 such as 2024-03-01T10:00:00Z"));
}

absl::Status ReadLabels(const nlohmann::json& data, EventFacts& facts) {
  const auto labels = data.find("labels");
  if (labels == data.end() || labels->is_null()) return absl::OkStatus();
  if (!labels->is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.labels is a ", labels->type_name(), ", expected an object of strings"));
  }
  for (const auto& [key, unused] : labels->items()) {
    ASSIGN_OR_RETURN(facts.labels[key], TextMember(*labels, key.c_str(), "data.labels."));
  }
  return absl::OkStatus();
}

absl::Status ReadData(const nlohmann::json& document, EventFacts& facts) {
  const auto data = document.find("data");
  if (data == document.end() || !data->is_object()) return absl::OkStatus();
  ASSIGN_OR_RETURN(facts.project, TextMember(*data, "project", "data."));
  ASSIGN_OR_RETURN(facts.stage, TextMember(*data, "stage", "data."));
  ASSIGN_OR_RETURN(facts.service, TextMember(*data, "service", "data."));
  return ReadLabels(*data, facts);
}

}  // namespace

bool IsTriggered(absl::string_view type) { return absl::EndsWith(type, ".triggered"); }

absl::StatusOr<EventFacts> FactsOf(const nlohmann::json& document) {
  EventFacts facts;
  ASSIGN_OR_RETURN(facts.id, TextMember(document, "id", ""));
  ASSIGN_OR_RETURN(facts.source, TextMember(document, "source", ""));
  ASSIGN_OR_RETURN(facts.type, TextMember(document, "type", ""));
  ASSIGN_OR_RETURN(facts.keptn_context, TextMember(document, "shkeptncontext", ""));
  ASSIGN_OR_RETURN(facts.commit, TextMember(document, "gitcommitid", ""));
  ASSIGN_OR_RETURN(facts.trace_parent, TextMember(document, "traceparent", ""));
  ASSIGN_OR_RETURN(facts.time, TimeMember(document, "time"));
  RETURN_IF_ERROR(ReadData(document, facts));
  return facts;
}

}  // namespace jobexec::runs
