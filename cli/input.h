// Reading what the user names on the command line.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/console.h"

namespace jobexec::cli {

// Largest job/config.yaml, and largest event.
inline constexpr size_t kMaxConfigBytes = 1024 * 1024;
inline constexpr size_t kMaxEventBytes = 4 * 1024 * 1024;

// Content of the file or pipe at `path`; "-" is standard input. NOT_FOUND or UNAVAILABLE: it cannot
// be read; RESOURCE_EXHAUSTED: it has more than `max_bytes`. Messages do not name the file.
absl::StatusOr<std::string> ReadInput(const std::string& path, size_t max_bytes,
                                      const Console& console);

// `path` for messages.
std::string InputName(const std::string& path);

}  // namespace jobexec::cli
