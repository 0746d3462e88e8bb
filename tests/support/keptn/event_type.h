// The grammar of Keptn's event types.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::test_keptn {

struct EventType {
  std::string stage;  // empty for a task event
  std::string name;   // of the task or the sequence
  std::string kind;   // "triggered", "started", ...

  bool is_task() const { return stage.empty(); }
};

// Nothing unless `type` has five parts (task) or six (sequence), none of them empty.
std::optional<EventType> ParseEventType(absl::string_view type);

std::string TaskEventType(absl::string_view task, absl::string_view kind);
std::string SequenceEventType(absl::string_view stage, absl::string_view sequence,
                              absl::string_view kind);

}  // namespace jobexec::test_keptn
