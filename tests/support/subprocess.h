// A program of ours as a child process, for tests of whole services.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace jobexec::testing {

// Not thread-safe. Killed and reaped when destroyed; killed also when the thread that started it
// ends.
class Subprocess {
 public:
  // Starts `command` with exactly these variables; its output goes to `log_file`.
  static absl::StatusOr<std::unique_ptr<Subprocess>> Start(
      const std::vector<std::string>& command,
      const std::map<std::string, std::string>& environment, const std::string& log_file);
  ~Subprocess();

  pid_t pid() const { return pid_; }
  const std::string& log_file() const { return log_file_; }

  // Value of `key` in the first JSON log line that has it. DEADLINE_EXCEEDED with the log's end if
  // no such line comes in time, or the process ends before.
  absl::StatusOr<std::string> WaitForLogField(const std::string& key, absl::Duration timeout);

  // Sends the signal and waits for the end. Returns the exit code, or 128 + the signal that ended
  // it. DEADLINE_EXCEEDED if it does not end in time.
  absl::StatusOr<int> Stop(int signal, absl::Duration timeout);

 private:
  Subprocess(pid_t pid, std::string log_file) : pid_(pid), log_file_(std::move(log_file)) {}

  // True if the process has ended; its exit code is then known.
  bool Ended();

  pid_t pid_;
  int exit_code_ = 0;
  const std::string log_file_;
};

}  // namespace jobexec::testing
