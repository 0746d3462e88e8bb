// Log lines that carry a JSON value, for what has more structure than a few fields.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "absl/strings/string_view.h"
#include "common/telemetry/log.h"

namespace jobexec::log {

// As Write, with one field that is any JSON value. The line is not cut: the caller keeps the value
// small, and secrets out of it. Thread-safe.
void WriteRecord(Level level, absl::string_view message, absl::string_view key,
                 const nlohmann::ordered_json& value);

}  // namespace jobexec::log
