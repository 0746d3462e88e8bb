// Runs as the gRPC API shows them. Pure.
#pragma once

#include <vector>

#include "jobexecutor/v1/reporter.pb.h"
#include "reporter/run_state.h"

namespace jobexec::reporter {

// True if the event of this anchor is selected.
bool Matches(const ::jobexecutor::v1::RunFilter& filter, const JobView& anchor);

// All runs of an event, in the order of the configuration; none if its anchor is not known. A
// refused event shows one failed run without tasks.
std::vector<::jobexecutor::v1::Run> RunMessages(const EventState& state);

}  // namespace jobexec::reporter
