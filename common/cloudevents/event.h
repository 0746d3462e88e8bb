// CloudEvents 1.0 in memory: the protobuf message, its attributes, its rules and its JSON document.
//
// Source: CloudEvents 1.0.2 core specification (https://github.com/cloudevents/spec).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "io/cloudevents/v1/cloudevents.pb.h"

namespace jobexec::cloudevents {

using Event = ::io::cloudevents::v1::CloudEvent;

// Text of a context attribute, extensions and the required four included; empty if it is absent.
// Timestamps are RFC 3339 in UTC.
std::string Attribute(const Event& event, absl::string_view name);

// Sets an optional or extension attribute to a string.
void SetAttribute(Event& event, absl::string_view name, absl::string_view value);

// Checks what the specification and jobexec demand: id, source, type not empty, specversion "1.0",
// attribute names of lower-case letters and digits, time RFC 3339, no control characters, sizes of
// attributes (4 KiB each, 64 of them). INVALID_ARGUMENT names the attribute, what was found and what is
// expected.
absl::Status Validate(const Event& event);

// The whole event as a plain JSON object: every context attribute and "data" (JSON if the content type
// says so or is absent; any other text as a JSON string) or "data_base64". id, shkeptncontext,
// specversion and gitcommitid are "" when missing. This is the document of JSONPath filters.
// INVALID_ARGUMENT if data claims to be JSON and is not.
absl::StatusOr<nlohmann::json> ToDocument(const Event& event);

// The JSON event format (application/cloudevents+json) of one event, for structured HTTP and NATS.
std::string ToStructuredJson(const Event& event);

// Reads one event of the JSON event format. Lenient where Keptn is (1.1 of its protocol): unknown members are
// extensions, null means absent, "contenttype" is an extension. INVALID_ARGUMENT with the faulty member.
absl::StatusOr<Event> FromStructuredJson(absl::string_view text);

}  // namespace jobexec::cloudevents
