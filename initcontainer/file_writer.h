// Writes fetched files below one folder, and nowhere else.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace jobexec::initcontainer {

// Not thread-safe.
class FileWriter {
 public:
  // `root` is an existing folder, usually /keptn.
  explicit FileWriter(std::string root) : root_(std::move(root)) {}

  // Starts the file `path` (relative, without "." and ".." segments), making its folders; an
  // existing file is replaced. Files get mode 0644, or 0755 if `executable`. INVALID_ARGUMENT the
  // path would leave the folder; RESOURCE_EXHAUSTED the volume is full; PERMISSION_DENIED or
  // UNAVAILABLE it cannot be written.
  absl::Status Begin(absl::string_view path, bool executable);

  // Appends to the file that was begun last. Errors as for Begin.
  absl::Status Append(absl::string_view bytes);

 private:
  const std::string root_;
  std::string file_;
};

}  // namespace jobexec::initcontainer
