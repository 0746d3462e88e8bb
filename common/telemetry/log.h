// Structured logs: one JSON object per line on standard output.
//
//   log::Info("event accepted", {{"event_id", event.id()}, {"outcome", "accepted"}});
//
// Fields every line has: time (RFC 3339, UTC, microseconds), level, service, message. Well-known
// field names: event_id, event_type, keptn_context, run, job, error, peer. Values never contain
// secrets: callers pass identifiers, never headers, tokens or whole events.
//
// Thread-safe. A line is cut at 16 KiB, a value at 4 KiB.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace jobexec::log {

enum class Level { kDebug, kInfo, kWarning, kError };

using Fields = std::initializer_list<std::pair<absl::string_view, std::string>>;

// Sets the name that every line carries in "service" and the lowest level that is written. Call it
// in main before the first line; without it the service is "jobexec" and the level kInfo.
void Configure(absl::string_view service, Level lowest);

// "debug", "info", "warning" or "error". INVALID_ARGUMENT for anything else.
absl::StatusOr<Level> ParseLevel(absl::string_view text);

void Write(Level level, absl::string_view message, Fields fields);

inline void Debug(absl::string_view message, Fields fields = {}) {
  Write(Level::kDebug, message, fields);
}
inline void Info(absl::string_view message, Fields fields = {}) {
  Write(Level::kInfo, message, fields);
}
inline void Warning(absl::string_view message, Fields fields = {}) {
  Write(Level::kWarning, message, fields);
}
inline void Error(absl::string_view message, Fields fields = {}) {
  Write(Level::kError, message, fields);
}

}  // namespace jobexec::log
