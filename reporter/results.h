// What tasks hand over by their result files (`resultFile`), for the answer. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reporter/run_state.h"

namespace jobexec::reporter {

// Bytes of JSON that the results of one event may add to its answer.
inline constexpr size_t kMaxResultBytes = 32 * 1024;

// What was not taken and why, for people; by the name of the Job.
using ResultNotes = std::map<std::string, std::string>;

// Adds the results of all tasks that are answered for to the object `block`, in the order of the
// configuration: of each JSON object those members whose keys are not there yet. A task that passed
// hands over what its successful pods wrote, oldest first; a failed one what its last pod wrote.
// Anything else is left out and noted.
ResultNotes MergeResults(const EventState& state, nlohmann::json& block);

// Takes none of them and notes `why` for each task that has one.
ResultNotes IgnoreResults(const EventState& state, const std::string& why);

}  // namespace jobexec::reporter
