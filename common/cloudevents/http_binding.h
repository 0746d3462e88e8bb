// CloudEvents HTTP protocol binding 1.0.2: binary, structured and batched content modes. All
// functions are pure and thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/cloudevents/event.h"
#include "common/http/http_message.h"

namespace jobexec::cloudevents {

// Most events that one batch may hold.
inline constexpr size_t kMaxBatchEvents = 1000;

// True if the request's content type is application/cloudevents-batch+json.
bool IsBatch(const http::Request& request);

// Reads the events of a request by its content type: application/cloudevents-batch+json (batched,
// maybe none), application/cloudevents+json or, leniently, application/json without ce- headers
// whose body is a JSON event (structured), anything else with ce- headers (binary). Every event is
// validated. In binary mode datacontenttype is the text of Content-Type, JSON and UTF-8 text/*
// bodies stay the exact text, any other body becomes binary data. INVALID_ARGUMENT malformed (names
// header or member, in a batch also the index from 0); RESOURCE_EXHAUSTED too many events;
// UNIMPLEMENTED a content type that carries no event (HTTP 415).
absl::StatusOr<std::vector<Event>> EventsFromHttp(const http::Request& request);

// A structured-mode POST of `event` to `url`.
http::Request ToHttp(const Event& event, absl::string_view url);

}  // namespace jobexec::cloudevents
