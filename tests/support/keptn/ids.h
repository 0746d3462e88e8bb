// Identifiers and times as Keptn makes them.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace jobexec::test_keptn {

// 40 lower-case hex digits.
std::string Sha1Hex(absl::string_view data);

// A random UUID (version 4).
std::string RandomUuid();

// A UUID whose random bits are the first 16 bytes of `seed`, filled up with blanks: what Keptn
// makes of a context that is no UUID.
std::string UuidFromSeed(absl::string_view seed);

// 36 characters in groups of 8-4-4-4-12 hex digits, or 32 hex digits.
bool IsUuid(absl::string_view text);

// RFC 3339 in UTC with as many digits of the second as needed.
std::string FormatTimestamp(absl::Time time);

}  // namespace jobexec::test_keptn
