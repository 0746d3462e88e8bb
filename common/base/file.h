// Reading small files (tokens, certificates, settings).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace jobexec {

// Content of the regular file at `path`. NOT_FOUND if there is none, RESOURCE_EXHAUSTED if it is
// larger than `max_bytes`, PERMISSION_DENIED or UNAVAILABLE if it cannot be read.
absl::StatusOr<std::string> ReadFile(absl::string_view path, size_t max_bytes);

}  // namespace jobexec
