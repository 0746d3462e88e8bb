// What the targets have in common.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace jobexec::fuzz {

// INTERNAL with the text unless `holds`.
absl::Status Require(bool holds, absl::string_view property);

// A message for people: UTF-8, not empty, of at most 16 KiB, without control characters but line
// breaks.
absl::Status RequireReadable(absl::string_view message);

// What stands above and below the first line "====="; all and nothing without such a line.
std::pair<absl::string_view, absl::string_view> SplitInput(absl::string_view input);

}  // namespace jobexec::fuzz
