// CloudEvents 1.0 in memory: the protobuf message, its attributes, its rules and its JSON document.
// All functions are pure and thread-safe.
//
// Source: CloudEvents 1.0.2 core specification, JSON and Protobuf formats
// (https://github.com/cloudevents/spec).
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "io/cloudevents/v1/cloudevents.pb.h"

namespace jobexec::cloudevents {

using Event = ::io::cloudevents::v1::CloudEvent;

// Limits that Validate applies.
inline constexpr int kMaxAttributes = 64;
inline constexpr size_t kMaxAttributeBytes = 4096;
inline constexpr size_t kMaxAttributeNameBytes = 64;

// Text of a context attribute, extensions and the required four (id, source, type, specversion)
// included; empty if it is absent. Timestamps are RFC 3339 in UTC, bytes are Base64.
std::string Attribute(const Event& event, absl::string_view name);

// Sets a context attribute, the required four included, to a string.
void SetAttribute(Event& event, absl::string_view name, absl::string_view value);

// The attribute "time"; empty if it is absent or not RFC 3339.
std::optional<absl::Time> EventTime(const Event& event);

// True for what an attribute may be called: 1 to 64 lower-case letters and digits, and not "data".
bool IsAttributeName(absl::string_view name);

// Checks what the specification and jobexec demand: id, source, type not empty, specversion "1.0",
// legal attribute names, time RFC 3339, UTF-8 without control characters, the limits above, no
// protobuf data. INVALID_ARGUMENT names the attribute, what was found and what is expected.
absl::Status Validate(const Event& event);

// The whole event as a plain JSON object: every context attribute, and "data" (JSON if
// datacontenttype says so, or if it is absent and the data is text; any other text as a JSON
// string) or "data_base64". id, shkeptncontext, specversion and gitcommitid are "" when missing.
// This is the document of JSONPath filters. INVALID_ARGUMENT if data claims to be JSON and is not.
absl::StatusOr<nlohmann::json> ToDocument(const Event& event);

// The JSON event format (application/cloudevents+json) of one event, for structured HTTP and NATS.
// Data that claims to be JSON and is not goes as data_base64, so that nothing is lost.
std::string ToStructuredJson(const Event& event);

// Reads one event of the JSON event format; Validate it afterwards. JSON data becomes compact JSON
// text. Lenient where Keptn is: a missing datacontenttype means JSON, null means absent, scalar
// members of any legal name are extensions (Keptn's "contenttype" too), and members that are no
// CloudEvents attribute (objects, lists, other names) are ignored. INVALID_ARGUMENT with the faulty
// member, what was found and what is expected.
absl::StatusOr<Event> FromStructuredJson(absl::string_view text);

// The same for one event that is parsed already, e.g. an element of a batch.
absl::StatusOr<Event> EventFromJson(const nlohmann::json& json_event);

}  // namespace jobexec::cloudevents
