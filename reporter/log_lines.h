// The bytes of a log with time stamps as lines.
#pragma once

#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace jobexec::reporter {

// A line with its end, or a piece of a longer one.
struct LogLine {
  absl::string_view text;          // without its time stamp
  std::optional<absl::Time> time;  // of the line; none if it has no stamp
};

// Not thread-safe. One per log.
class LogLines {
 public:
  using OnLine = absl::FunctionRef<void(const LogLine& line)>;

  // Longer lines are given in pieces of about this size.
  explicit LogLines(size_t max_line_bytes = 16 * 1024) : max_line_bytes_(max_line_bytes) {}

  // Takes the next bytes, cut anywhere, and gives each line that is whole now.
  void Feed(absl::string_view data, OnLine on_line);

  // The log has ended: gives the last line, if it has no end.
  void End(OnLine on_line);

 private:
  void Give(absl::string_view piece, bool ends_line, OnLine on_line);

  const size_t max_line_bytes_;
  std::string partial_;             // the line, or what is left of it, whose end has not come yet
  bool inside_line_ = false;        // a piece of the present line has been given
  std::optional<absl::Time> time_;  // of the present line
};

}  // namespace jobexec::reporter
