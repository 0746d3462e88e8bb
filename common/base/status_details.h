// Facts that travel with an absl::Status as payloads.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace jobexec {

// The other side asked not to be called again for this long (Retry-After, RetryInfo).
void SetRetryAfter(absl::Status& status, absl::Duration delay);
std::optional<absl::Duration> GetRetryAfter(const absl::Status& status);

// A short reason in capitals for machines, e.g. "CONFIG_INVALID". Empty if none was set.
void SetReason(absl::Status& status, absl::string_view reason);
std::string GetReason(const absl::Status& status);

// True for errors that may pass by themselves: UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED,
// ABORTED, CANCELLED, UNKNOWN and INTERNAL (the peer's fault, not the request's).
bool IsTransient(const absl::Status& status);

// The same status with `context` and ": " before its message. OK stays OK.
absl::Status Annotate(absl::Status status, absl::string_view context);

}  // namespace jobexec
