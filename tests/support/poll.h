// Waiting in tests for something that another process brings about.
#pragma once

#include <functional>

#include "absl/time/time.h"

namespace jobexec::testing {

// Asks `done` every 20 ms until it says true. False if it never did within `timeout`: a bound
// against hanging, never a measure of speed.
bool PollUntil(const std::function<bool()>& done, absl::Duration timeout);

}  // namespace jobexec::testing
