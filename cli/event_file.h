// The event of --event: a structured CloudEvent in JSON, completed where it can be.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/cloudevents/event.h"
#include "common/resources/resource_store.h"

namespace jobexec::cli {

struct EventFile {
  cloudevents::Event event;
  // What was missing and what stands in for it, or what to do about it; one sentence each.
  std::vector<std::string> notes;
};

// `type`, if not empty, replaces the event's own. Missing specversion, id, source and, for types
// of Keptn, shkeptncontext get values that are the same every time. INVALID_ARGUMENT: no JSON
// object, no type, or a member of the wrong kind.
absl::StatusOr<EventFile> ReadEventFile(absl::string_view text, absl::string_view type,
                                        const resources::Scope& default_scope);

}  // namespace jobexec::cli
