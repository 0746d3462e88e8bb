#include "intake/sequence_end.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"

namespace jobexec::intake {
namespace {

// Longer names are nobody's: what is kept of an end stays small.
constexpr size_t kMaxNameBytes = 128;

absl::Status CheckLength(absl::string_view field, const std::string& name) {
  if (name.size() <= kMaxNameBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", name.size(), " bytes, allowed are ", kMaxNameBytes));
}

absl::Status CheckName(absl::string_view field, const std::string& name) {
  if (name.empty()) return absl::InvalidArgumentError(absl::StrCat(field, " is missing"));
  return CheckLength(field, name);
}

absl::Status Check(const SequenceEnd& end) {
  RETURN_IF_ERROR(CheckLength("the sequence's name", end.sequence));
  RETURN_IF_ERROR(CheckName("shkeptncontext", end.keptn_context));
  RETURN_IF_ERROR(CheckName("data.project", end.scope.project));
  RETURN_IF_ERROR(CheckName("data.stage", end.scope.stage));
  RETURN_IF_ERROR(CheckName("data.service", end.scope.service));
  RETURN_IF_ERROR(CheckLength("data.status", end.status));
  return CheckLength("data.result", end.result);
}

std::vector<std::string> Parts(absl::string_view type) { return absl::StrSplit(type, '.'); }

}  // namespace

bool SequenceEnd::IsSame(const SequenceEnd& other) const {
  return keptn_context == other.keptn_context && scope.project == other.scope.project &&
         scope.stage == other.scope.stage && scope.service == other.scope.service &&
         time == other.time;
}

bool IsSequenceEnd(absl::string_view type) {
  const std::vector<std::string> parts = Parts(type);
  return parts.size() == 6 && parts[0] == "sh" && parts[1] == "keptn" && parts[2] == "event" &&
         !parts[3].empty() && !parts[4].empty() && parts[5] == "finished";
}

absl::StatusOr<SequenceEnd> ReadSequenceEnd(const cloudevents::Event& event) {
  SequenceEnd end;
  end.sequence = Parts(event.type()).at(4);
  end.keptn_context = cloudevents::Attribute(event, "shkeptncontext");
  const std::optional<absl::Time> time = cloudevents::EventTime(event);
  if (!time) return absl::InvalidArgumentError("time is missing");
  end.time = *time;
  ASSIGN_OR_RETURN(const nlohmann::json data, json::Parse(event.text_data()));
  end.scope = {.project = json::GetString(data, "project"),
               .stage = json::GetString(data, "stage"),
               .service = json::GetString(data, "service")};
  end.status = json::GetString(data, "status");
  end.result = json::GetString(data, "result");
  RETURN_IF_ERROR(Check(end));
  return end;
}

}  // namespace jobexec::intake
