// How a cancel is written on an event's anchor, for everybody who writes one. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "common/runs/schema.h"

namespace jobexec::runs {

// True if there may be something left to stop: the reporter holds the anchor until every run has
// ended; an anchor that was never held is the event's only Job. `record` is ReadJob of `anchor`, as
// below.
bool IsOpen(const nlohmann::json& anchor, const JobRecord& record);

// What a cancel means for one event.
struct CancelSelection {
  std::vector<int> actions;   // indexes of those that are meant
  std::vector<Cancel> marks;  // one for the whole event if all are meant, else one for each
};

// Of the actions that `cancel` covers all, or only those that owe an answer.
CancelSelection SelectActions(const JobRecord& record, const Cancel& cancel, bool include_silent);

// Those of `marks` that the anchor does not have yet.
std::vector<Cancel> MissingMarks(const std::vector<Cancel>& marks, const JobRecord& record);

// The JSON Patch that adds `marks` to those that the anchor has. Tests what it builds on: a mark
// that came in between is not lost.
nlohmann::json CancelPatch(const nlohmann::json& anchor, const JobRecord& record,
                           const std::vector<Cancel>& marks);

}  // namespace jobexec::runs
