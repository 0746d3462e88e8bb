#include "common/cloudevents/http_binding.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/printable.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/cloudevents/content_type.h"
#include "common/cloudevents/header_value.h"
#include "common/json/json.h"

namespace jobexec::cloudevents {
namespace {

constexpr char kStructuredType[] = "application/cloudevents+json";
constexpr char kBatchType[] = "application/cloudevents-batch+json";
constexpr absl::string_view kPrefix = "ce-";

absl::string_view ContentType(const http::Request& request) {
  return http::FindHeader(request.headers, "content-type");
}

bool HasEventHeaders(const http::Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (absl::StartsWithIgnoreCase(name, kPrefix)) return true;
  }
  return false;
}

absl::Status UnknownContentType(absl::string_view type) {
  return absl::UnimplementedError(absl::StrCat(
      type.empty() ? "Content-Type is missing"
                   : absl::StrCat("Content-Type is \"", Printable(type), "\""),
      " and there are no ce- headers: send ", kStructuredType, ", ", kBatchType,
      ", or any type together with ce-id, ce-source, ce-type and ce-specversion headers"));
}

absl::Status ReadHeader(absl::string_view field, absl::string_view value, Event& event) {
  const std::string name = absl::AsciiStrToLower(field.substr(kPrefix.size()));
  if (!IsAttributeName(name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "header ", field, ": after ce- come 1 to 64 letters and digits, and not \"data\""));
  }
  if (name == "datacontenttype") {
    return absl::InvalidArgumentError(
        absl::StrCat("header ", field, ": send the type of the data as Content-Type instead"));
  }
  if (!Attribute(event, name).empty()) {
    return absl::InvalidArgumentError(absl::StrCat("header ", field, " is given twice: send one"));
  }
  absl::StatusOr<std::string> text = DecodeHeaderValue(value);
  if (!text.ok()) return Annotate(text.status(), absl::StrCat("header ", field));
  SetAttribute(event, name, *text);
  return absl::OkStatus();
}

absl::Status ReadBody(const std::string& type, const std::string& body, Event& event) {
  if (body.empty()) return absl::OkStatus();
  const bool claims_json = IsJsonType(type);
  bool is_text = IsUtf8TextType(type) && IsValidUtf8(body);
  if (claims_json || type.empty()) {
    const absl::Status parsed = json::Parse(body).status();
    if (claims_json && !parsed.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("body: Content-Type is \"", Printable(type), "\", but: ", parsed.message()));
    }
    is_text = parsed.ok();
  }
  if (is_text) {
    event.set_text_data(body);
  } else {
    event.set_binary_data(body);
  }
  return absl::OkStatus();
}

absl::StatusOr<Event> FromBinary(const http::Request& request) {
  Event event;
  for (const auto& [name, value] : request.headers) {
    if (absl::StartsWithIgnoreCase(name, kPrefix)) {
      RETURN_IF_ERROR(ReadHeader(name, value, event));
    }
  }
  const std::string type(ContentType(request));
  if (!type.empty()) SetAttribute(event, "datacontenttype", type);
  RETURN_IF_ERROR(ReadBody(type, request.body, event));
  RETURN_IF_ERROR(Validate(event));
  return event;
}

absl::StatusOr<Event> FromStructured(const std::string& body) {
  ASSIGN_OR_RETURN(Event event, FromStructuredJson(body));
  RETURN_IF_ERROR(Validate(event));
  return event;
}

absl::StatusOr<Event> FromBatchElement(const nlohmann::json& element) {
  ASSIGN_OR_RETURN(Event event, EventFromJson(element));
  RETURN_IF_ERROR(Validate(event));
  return event;
}

absl::StatusOr<std::vector<Event>> FromBatch(const std::string& body) {
  // As deep as the data of a single event, inside an event, inside the list.
  const auto batch = json::Parse(body, {.max_depth = json::ParseLimits{}.max_depth + 2});
  if (!batch.ok()) return Annotate(absl::InvalidArgumentError(batch.status().message()), "body");
  if (!batch->is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat("body is a JSON ", batch->type_name(), ", expected a list of events"));
  }
  if (batch->size() > kMaxBatchEvents) {
    return absl::ResourceExhaustedError(absl::StrCat("the batch has ", batch->size(),
                                                     " events, at most ", kMaxBatchEvents,
                                                     " are allowed: split it"));
  }
  std::vector<Event> events;
  events.reserve(batch->size());
  for (const nlohmann::json& element : *batch) {
    absl::StatusOr<Event> event = FromBatchElement(element);
    if (!event.ok()) return Annotate(event.status(), absl::StrCat("event ", events.size()));
    events.push_back(*std::move(event));
  }
  return events;
}

}  // namespace

bool IsBatch(const http::Request& request) { return MediaType(ContentType(request)) == kBatchType; }

absl::StatusOr<std::vector<Event>> EventsFromHttp(const http::Request& request) {
  const std::string type = MediaType(ContentType(request));
  if (type == kBatchType) return FromBatch(request.body);
  const bool binary = HasEventHeaders(request);
  absl::StatusOr<Event> event;
  if (type == kStructuredType || (type == "application/json" && !binary)) {
    event = FromStructured(request.body);
  } else if (binary && !absl::StartsWith(type, "application/cloudevents")) {
    event = FromBinary(request);
  } else {
    return UnknownContentType(ContentType(request));
  }
  RETURN_IF_ERROR(event.status());
  std::vector<Event> events;
  events.push_back(*std::move(event));
  return events;
}

http::Request ToHttp(const Event& event, absl::string_view url) {
  http::Request request;
  request.method = "POST";
  request.target = std::string(url);
  request.headers.emplace_back("Content-Type", absl::StrCat(kStructuredType, "; charset=utf-8"));
  request.body = ToStructuredJson(event);
  return request;
}

}  // namespace jobexec::cloudevents
