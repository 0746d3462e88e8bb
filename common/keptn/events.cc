#include "common/keptn/events.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/telemetry/log.h"

namespace jobexec::keptn {
namespace {

using Json = nlohmann::json;

constexpr int64_t kPageSize = 1000;
// The event store takes no larger pages.
constexpr int kDatastorePageSize = 100;
// Of a sequence that counts nothing more.
constexpr std::array kEndedStates = {"finished", "aborted", "timedOut"};

// "&name=value", nothing without a value.
std::string Field(absl::string_view name, absl::string_view value) {
  return value.empty() ? "" : absl::StrCat("&", name, "=", Escape(value));
}

// The one value that a filter allows, "" if it allows none or several.
std::string Only(const std::vector<std::string>& values) {
  return values.size() == 1 ? values[0] : "";
}

absl::Status Invalid(absl::string_view text) {
  absl::Status error = absl::InvalidArgumentError(text);
  SetReason(error, "NOT_SENT");
  return error;
}

std::string OffersPath(absl::string_view type) {
  return absl::StrCat("/v1/event/triggered/", Escape(type), "?pageSize=", kPageSize);
}

// The list called `key`, null if there is none. Go writes an empty list as null.
const Json* FindList(const Json& object, absl::string_view key) {
  static const Json& empty = *new Json(Json::array());
  const Json* list = json::Find(object, key);
  if (list == nullptr || list->is_array()) return list;
  return list->is_null() ? &empty : nullptr;
}

absl::StatusOr<const Json*> EventsOf(const Json& page, const Call& call) {
  const Json* list = FindList(page, "events");
  if (list != nullptr) return list;
  return absl::InternalError(absl::StrCat(call.path.substr(0, call.path.find('?')),
                                          ": Keptn's answer has no list \"events\""));
}

void ReadOffers(const Json& list, absl::string_view type, Offers& offers) {
  std::string first_fault;
  for (const Json& entry : list) {
    auto event = cloudevents::EventFromJson(entry);
    if (event.ok()) {
      // Keptn itself does not ask for it.
      if (event->spec_version().empty()) event->set_spec_version("1.0");
      offers.events.push_back(*std::move(event));
    } else if (++offers.invalid == 1) {
      first_fault = std::string(event.status().message());
    }
  }
  if (offers.invalid > 0) {
    log::Warning("Keptn offers events that are none", {{"event_type", std::string(type)},
                                                       {"count", absl::StrCat(offers.invalid)},
                                                       {"error", first_fault}});
  }
}

bool IsEnded(const Json& execution) {
  const Json* status = json::Find(execution, "status");
  const std::string state = status == nullptr ? "" : json::GetString(*status, "state");
  return std::find(kEndedStates.begin(), kEndedStates.end(), state) != kEndedStates.end();
}

bool HasAnswer(const Json& task, const AnswerQuery& query) {
  const Json* events = FindList(task, "events");
  return events != nullptr &&
         std::any_of(events->begin(), events->end(), [&query](const Json& event) {
           return json::GetString(event, "eventType") == query.type &&
                  json::GetString(event, "source") == query.source;
         });
}

Counted CountedBy(const Json& executions, const AnswerQuery& query) {
  for (const Json& execution : executions) {
    const Json* task = json::FindPath(execution, {"status", "currentTask"});
    if (task == nullptr || json::GetString(*task, "triggeredID") != query.triggered_id) continue;
    if (HasAnswer(*task, query)) return Counted::kStored;
    return IsEnded(execution) ? Counted::kMoot : Counted::kAbsent;
  }
  return Counted::kMoot;
}

}  // namespace

absl::StatusOr<Offers> ListOffers(Api& api, absl::string_view type,
                                  const SubscriptionFilter& filter, Clock& clock) {
  if (type.empty() || type.find_first_of("*>") != absl::string_view::npos) {
    return Invalid(absl::StrCat("\"", type, "\" is not one type: Keptn lists no others over HTTP"));
  }
  const Call call = {.path = absl::StrCat(OffersPath(type), Field("project", Only(filter.projects)),
                                          Field("stage", Only(filter.stages)),
                                          Field("service", Only(filter.services)))};
  ASSIGN_OR_RETURN(const Answer answer, api.Send(call));
  ASSIGN_OR_RETURN(const Json page, ParseAnswer(call, answer.body));
  ASSIGN_OR_RETURN(const Json* list, EventsOf(page, call));
  Offers offers;
  offers.now = answer.date == absl::InfinitePast() ? clock.TimeNow() : answer.date;
  ReadOffers(*list, type, offers);
  const auto listed = static_cast<int64_t>(list->size());
  offers.complete = json::GetInt(page, "totalCount", listed) <= listed && listed <= kPageSize;
  return offers;
}

absl::StatusOr<bool> IsOpen(Api& api, absl::string_view type, absl::string_view project,
                            absl::string_view event_id) {
  const Call call = {.path = absl::StrCat(OffersPath(type), Field("project", project),
                                          Field("eventID", event_id))};
  const auto page = SendForJson(api, call);
  if (absl::IsNotFound(page.status())) return false;
  RETURN_IF_ERROR(page.status());
  ASSIGN_OR_RETURN(const Json* list, EventsOf(*page, call));
  return std::any_of(list->begin(), list->end(), [event_id](const Json& event) {
    return json::GetString(event, "id") == event_id;
  });
}

absl::Status PostEvent(Api& api, const cloudevents::Event& event) {
  auto document = cloudevents::ToDocument(event);
  if (!document.ok()) return Invalid(document.status().message());
  for (const char* name : {"id", "shkeptncontext", "specversion", "gitcommitid"}) {
    if (json::GetString(*document, name).empty()) document->erase(name);
  }
  const Json* data = json::Find(*document, "data");
  if (event.type().empty() || event.source().empty() || data == nullptr || !data->is_object()) {
    return Invalid("Keptn takes events with a type, a source and a JSON object as data only");
  }
  return api
      .Send({.method = "POST",
             .service = Service::kApi,
             .path = "/v1/event",
             .body = json::Dump(*document),
             .idempotent = false})
      .status();
}

absl::StatusOr<Counted> AskController(Api& api, const AnswerQuery& query) {
  const Call call = {.path = absl::StrCat("/v1/sequence-execution?pageSize=", kPageSize,
                                          Field("project", query.project),
                                          Field("keptnContext", query.keptn_context))};
  ASSIGN_OR_RETURN(const Json page, SendForJson(api, call));
  // The field's name in the controller's source begins with a capital letter.
  const Json* list = FindList(page, "sequenceExecutions");
  if (list == nullptr) list = FindList(page, "SequenceExecutions");
  if (list == nullptr) {
    return absl::InternalError("/v1/sequence-execution: the answer has no \"sequenceExecutions\"");
  }
  return CountedBy(*list, query);
}

absl::StatusOr<bool> AskDatastore(Api& api, const AnswerQuery& query) {
  const Call call = {
      .service = Service::kDatastore,
      .path = absl::StrCat("/event?pageSize=", kDatastorePageSize, Field("project", query.project),
                           Field("stage", query.stage), Field("keptnContext", query.keptn_context),
                           Field("type", query.type), Field("source", query.source))};
  ASSIGN_OR_RETURN(const Json page, SendForJson(api, call));
  ASSIGN_OR_RETURN(const Json* list, EventsOf(page, call));
  return std::any_of(list->begin(), list->end(), [&query](const Json& event) {
    return json::GetString(event, "triggeredid") == query.triggered_id;
  });
}

}  // namespace jobexec::keptn
