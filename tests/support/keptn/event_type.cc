#include "tests/support/keptn/event_type.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace jobexec::test_keptn {

std::optional<EventType> ParseEventType(absl::string_view type) {
  const std::vector<std::string> parts = absl::StrSplit(type, '.');
  if (parts.size() != 5 && parts.size() != 6) return std::nullopt;
  if (std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); })) {
    return std::nullopt;
  }
  if (parts.size() == 5) return EventType{.stage = "", .name = parts[3], .kind = parts[4]};
  return EventType{.stage = parts[3], .name = parts[4], .kind = parts[5]};
}

std::string TaskEventType(absl::string_view task, absl::string_view kind) {
  return absl::StrCat("sh.keptn.event.", task, ".", kind);
}

std::string SequenceEventType(absl::string_view stage, absl::string_view sequence,
                              absl::string_view kind) {
  return absl::StrCat("sh.keptn.event.", stage, ".", sequence, ".", kind);
}

}  // namespace jobexec::test_keptn
