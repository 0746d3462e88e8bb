// CloudEvents HTTP protocol binding 1.0.2: binary, structured and batched content modes.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/cloudevents/event.h"
#include "common/http/http_message.h"

namespace jobexec::cloudevents {

// Most events that one batch may hold.
inline constexpr size_t kMaxBatchEvents = 1000;

// Reads the events of a request by its content type: application/cloudevents-batch+json (batched),
// application/cloudevents+json or, leniently, application/json without ce- headers whose body is a JSON event
// (structured), anything else with ce- headers (binary). Every event is validated.
// INVALID_ARGUMENT malformed (names header or member, in a batch also the index); RESOURCE_EXHAUSTED too
// many events; UNIMPLEMENTED a content type that carries no event (HTTP 415).
absl::StatusOr<std::vector<Event>> EventsFromHttp(const http::Request& request);

// A structured-mode POST of `event` to `url`.
http::Request ToHttp(const Event& event, absl::string_view url);

}  // namespace jobexec::cloudevents
