// What intake alone can judge of a valid event, before anything is submitted.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "common/cloudevents/event.h"

namespace jobexec::intake {

// Most bytes of an event on the stream to the scheduler, below its limit of 4 MiB per message. A
// larger one would break the stream for everybody, and again on each resend.
inline constexpr size_t kMaxEventBytes = size_t{4 * 1024 - 64} * 1024;

// RESOURCE_EXHAUSTED if the event does not fit on the stream. JSON may grow when it is written anew
// (1e9 becomes 1000000000.0), so a small body is no proof.
absl::Status CheckSize(const cloudevents::Event& event);

}  // namespace jobexec::intake
