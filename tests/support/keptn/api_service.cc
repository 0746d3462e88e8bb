#include "tests/support/keptn/api_service.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "tests/support/keptn/event_type.h"
#include "tests/support/keptn/execution.h"
#include "tests/support/keptn/ids.h"

namespace jobexec::test_keptn {
namespace {

constexpr size_t kMaxValidatedBytes = 64 * 1024;

std::string ContextOf(const nlohmann::json& posted) {
  const std::string context = json::GetString(posted, "shkeptncontext");
  if (context.empty()) return RandomUuid();
  return IsUuid(context) ? context : UuidFromSeed(context);
}

absl::Status CheckTask(const nlohmann::json& event, const EventType& type) {
  if (!std::set<std::string>{"started", "finished", "invalidated"}.contains(type.kind)) {
    return absl::InvalidArgumentError(absl::StrCat("kind/action: ", type.kind));
  }
  if (type.kind == "invalidated") return absl::OkStatus();
  if (json::GetString(event, "triggeredid").empty()) {
    return absl::InvalidArgumentError("triggeredid is not set");
  }
  const nlohmann::json& data = event["data"];
  for (const char* member : {"result", "status"}) {
    if (type.kind == "finished" && json::GetString(data, member).empty()) {
      return absl::InvalidArgumentError(absl::StrCat(member, " field is not set"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSequence(const nlohmann::json& event, const EventType& type) {
  if (type.kind != "triggered") {
    return absl::InvalidArgumentError(absl::StrCat("kind/action: ", type.kind));
  }
  if (ScopeOf(event).stage != type.stage) {
    return absl::InvalidArgumentError("stage name in event data and in event type does not match");
  }
  return absl::OkStatus();
}

}  // namespace

nlohmann::json ToPublished(const nlohmann::json& posted, absl::Time now) {
  nlohmann::json event = {{"specversion", "1.0"},
                          {"id", RandomUuid()},
                          {"time", FormatTimestamp(now)},
                          {"type", posted["type"]},
                          {"source", posted["source"]},
                          {"datacontenttype", "application/json"},
                          {"shkeptncontext", ContextOf(posted)},
                          {"data", posted["data"]}};
  for (const char* member : {"triggeredid", "gitcommitid"}) {
    const std::string value = json::GetString(posted, member);
    if (!value.empty()) event[member] = value;
  }
  return event;
}

absl::Status CheckPosted(const nlohmann::json& event) {
  const std::string text = json::GetString(event, "type");
  if (text == "sh.keptn.log.error" || text == "sh.keptn.events.problem") return absl::OkStatus();
  const std::optional<EventType> type = ParseEventType(text);
  if (!type.has_value()) return absl::InvalidArgumentError("unknown event type");
  if (!ScopeOf(event).complete()) {
    return absl::InvalidArgumentError("mandatory field(s) 'project', 'stage' or 'service' missing");
  }
  return type->is_task() ? CheckTask(event, *type) : CheckSequence(event, *type);
}

ApiService::ApiService(bool validate, Publish publish, Auth& auth, Clock& clock)
    : validate_(validate), publish_(std::move(publish)), auth_(auth), clock_(clock) {
  routes_.Add("POST", "/v1/event",
              [this](const ServiceRequest& request, const RouteTable::Parameters&) {
                return TakeEvent(request);
              });
  const auto ok = [](const ServiceRequest&, const RouteTable::Parameters&) {
    return JsonReply(200, nlohmann::json::object());
  };
  routes_.Add("POST", "/v1/auth", ok);
  routes_.Add("GET", "/v1/auth", ok);
  routes_.Add("GET", "/v1/metadata", [](const ServiceRequest&, const RouteTable::Parameters&) {
    return JsonReply(200,
                     {{"namespace", "keptn"}, {"keptnversion", "1.4.5"}, {"keptnlabel", "keptn"}});
  });
}

http::Response ApiService::Handle(const ServiceRequest& request) {
  if (std::optional<http::Response> refusal = auth_.Refuse(request.headers)) {
    return *std::move(refusal);
  }
  return routes_.Serve(request, request.path);
}

http::Response ApiService::TakeEvent(const ServiceRequest& request) const {
  const absl::string_view type = http::FindHeader(request.headers, "Content-Type");
  if (!absl::StartsWith(type, "application/json") &&
      !absl::StartsWith(type, "application/cloudevents+json")) {
    return ErrorReply(415, absl::StrCat("unsupported media type \"", type, "\""));
  }
  const auto posted = json::Parse(request.body);
  if (!posted.ok() || !posted->is_object()) return ErrorReply(400, "parsing body failed");
  for (const char* member : {"data", "source", "type"}) {
    const nlohmann::json* value = json::Find(*posted, member);
    if (value == nullptr || value->is_null()) {
      return ErrorReply(400, absl::StrCat(member, " in body is required"));
    }
    if (member != absl::string_view("data") && !value->is_string()) {
      return ErrorReply(400, absl::StrCat(member, " in body must be of type string"));
    }
  }
  if (validate_) {
    if (request.body.size() > kMaxValidatedBytes) return ErrorReply(400, "event is too large");
    const absl::Status status = CheckPosted(*posted);
    if (!status.ok()) return ErrorReply(400, absl::string_view(status.message()));
  }
  const nlohmann::json event = ToPublished(*posted, clock_.TimeNow());
  const absl::Status published = publish_(event);
  if (!published.ok()) return ErrorReply(500, absl::string_view(published.message()));
  return JsonReply(200, {{"keptnContext", event["shkeptncontext"]}});
}

}  // namespace jobexec::test_keptn
