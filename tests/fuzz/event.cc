#include "common/cloudevents/event.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/cloudevents/http_binding.h"
#include "common/json/json.h"
#include "common/runs/event_facts.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

using cloudevents::Event;
using cloudevents::ToDocument;
using cloudevents::ToStructuredJson;
using cloudevents::Validate;

// No other names come out of an HTTP parser.
bool IsFieldName(absl::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return absl::ascii_isgraph(c); });
}

http::Request ReadRequest(absl::string_view input) {
  http::Request request;
  request.method = "POST";
  request.target = "/events";
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(input, absl::MaxSplits("\n\n", 1));
  request.body = std::string(parts.second);
  for (const absl::string_view line : absl::StrSplit(parts.first, '\n', absl::SkipEmpty())) {
    std::pair<std::string, std::string> header = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (IsFieldName(header.first)) request.headers.push_back(std::move(header));
  }
  return request;
}

// The event survives its JSON format. Data that claims to be JSON and is not comes back as bytes.
absl::Status CheckStructured(const Event& event) {
  const std::string text = ToStructuredJson(event);
  RETURN_IF_ERROR(Require(IsValidUtf8(text), "the JSON format is UTF-8"));
  const auto back = cloudevents::FromStructuredJson(text);
  RETURN_IF_ERROR(back.status());
  RETURN_IF_ERROR(Validate(*back));
  RETURN_IF_ERROR(Require(ToStructuredJson(*back) == text, "the JSON format is a fixed point"));
  const auto document = ToDocument(event);
  if (!document.ok()) return RequireReadable(document.status().message());
  const auto document_back = ToDocument(*back);
  return Require(document_back.ok() && *document_back == *document,
                 "the document survives the JSON format");
}

// The event survives the protobuf format in which services pass it on.
absl::Status CheckProto(const Event& event) {
  Event back;
  RETURN_IF_ERROR(
      Require(back.ParseFromString(event.SerializeAsString()), "protobuf reads what it wrote"));
  RETURN_IF_ERROR(Validate(back));
  return Require(ToStructuredJson(back) == ToStructuredJson(event),
                 "the event survives the protobuf format");
}

absl::Status CheckDocument(const Event& event) {
  const auto document = ToDocument(event);
  if (!document.ok()) return absl::OkStatus();
  for (const char* const name : {"id", "source", "type", "specversion"}) {
    RETURN_IF_ERROR(Require(json::GetString(*document, name) == cloudevents::Attribute(event, name),
                            "the document has the attributes"));
  }
  const auto facts = runs::FactsOf(*document);
  if (!facts.ok()) return RequireReadable(facts.status().message());
  return Require(facts->id == event.id() && facts->type == event.type(), "facts are the event's");
}

absl::Status CheckEvent(const Event& event) {
  RETURN_IF_ERROR(CheckStructured(event));
  RETURN_IF_ERROR(CheckProto(event));
  return CheckDocument(event);
}

}  // namespace

absl::Status FuzzEventHttp(absl::string_view input) {
  const auto events = cloudevents::EventsFromHttp(ReadRequest(input));
  if (!events.ok()) return RequireReadable(events.status().message());
  for (const Event& event : *events) {
    RETURN_IF_ERROR(Validate(event));
    RETURN_IF_ERROR(CheckEvent(event));
  }
  return absl::OkStatus();
}

absl::Status FuzzEventProto(absl::string_view input) {
  Event event;
  if (!event.ParseFromArray(input.data(), static_cast<int>(input.size()))) return absl::OkStatus();
  const absl::Status valid = Validate(event);
  return valid.ok() ? CheckEvent(event) : RequireReadable(valid.message());
}

}  // namespace jobexec::fuzz
