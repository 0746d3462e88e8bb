#include "reporter/log_lines.h"

namespace jobexec::reporter {

void LogLines::Feed(absl::string_view data, OnLine on_line) {
  while (!data.empty()) {
    const size_t end = data.find('\n');
    const bool ends_line = end != absl::string_view::npos;
    const absl::string_view piece = data.substr(0, ends_line ? end + 1 : data.size());
    data.remove_prefix(piece.size());
    if (ends_line && partial_.empty()) {
      Give(piece, true, on_line);
      continue;
    }
    partial_.append(piece.data(), piece.size());
    if (!ends_line && partial_.size() < max_line_bytes_) continue;
    Give(partial_, ends_line, on_line);
    partial_.clear();
  }
}

void LogLines::End(OnLine on_line) {
  if (!partial_.empty()) Give(partial_, true, on_line);
  partial_.clear();
}

void LogLines::Give(absl::string_view piece, bool ends_line, OnLine on_line) {
  if (!inside_line_) {
    time_.reset();
    const size_t blank = piece.find(' ');
    absl::Time time;
    if (blank != absl::string_view::npos &&
        absl::ParseTime(absl::RFC3339_full, piece.substr(0, blank), &time, nullptr)) {
      time_ = time;
      piece.remove_prefix(blank + 1);
    }
  }
  inside_line_ = !ends_line;
  on_line({piece, time_});
}

}  // namespace jobexec::reporter
