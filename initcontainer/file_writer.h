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
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  // Starts the file `path` (relative, without "." and ".." segments), making its folders; an
  // existing file or link is replaced. Files get mode 0644, or 0755 if `executable`. Below `root`
  // no link is followed. INVALID_ARGUMENT the path would leave the folder; FAILED_PRECONDITION a
  // file or a link is where a folder has to be; RESOURCE_EXHAUSTED the volume is full; others as
  // the operating system says.
  absl::Status Begin(absl::string_view path, bool executable);

  // Appends to the file that was begun last. Errors as for Begin.
  absl::Status Append(absl::string_view bytes);

 private:
  const std::string root_;
  std::string path_;  // of the file that is open, for messages
  int file_ = -1;     // its descriptor
};

}  // namespace jobexec::initcontainer
