#include "common/kube/log_window.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace jobexec::kube {
namespace {

constexpr size_t kMarkerBytes = 64;  // room for "\n... 18446744073709551615 bytes cut ...\n"
constexpr size_t kMinLimitForHead = 256;

// `text` up to its last line end, or whole if there is none.
absl::string_view WholeLinesAtStart(absl::string_view text) {
  const size_t newline = text.rfind('\n');
  return newline == absl::string_view::npos ? text : text.substr(0, newline);
}

absl::string_view WholeLinesAtEnd(absl::string_view text) {
  const size_t newline = text.find('\n');
  const bool has_more = newline != absl::string_view::npos && newline + 1 < text.size();
  return has_more ? text.substr(newline + 1) : text;
}

}  // namespace

LogWindow::LogWindow(size_t limit)
    : limit_(limit),
      head_limit_(limit < kMinLimitForHead ? 0 : limit / 4),
      tail_limit_(limit - head_limit_) {}

void LogWindow::Append(absl::string_view data) {
  total_ += data.size();
  const size_t to_head = std::min(head_limit_ - head_.size(), data.size());
  head_.append(data.data(), to_head);
  data.remove_prefix(to_head);
  if (data.size() > tail_limit_) data.remove_prefix(data.size() - tail_limit_);
  const size_t growth = std::min(tail_limit_ - tail_.size(), data.size());
  tail_.append(data.data(), growth);
  data.remove_prefix(growth);
  for (char c : data) {
    tail_[tail_oldest_] = c;
    tail_oldest_ = (tail_oldest_ + 1) % tail_.size();
  }
}

std::string LogWindow::Text() const {
  std::string tail = tail_.substr(tail_oldest_) + tail_.substr(0, tail_oldest_);
  if (total_ <= limit_) return head_ + tail;
  if (head_limit_ == 0) return tail;
  const absl::string_view first = WholeLinesAtStart(head_);
  // The marker takes its room from the tail.
  const absl::string_view last = WholeLinesAtEnd(absl::string_view(tail).substr(kMarkerBytes));
  return absl::StrCat(first, "\n... ", total_ - first.size() - last.size(), " bytes cut ...\n",
                      last);
}

}  // namespace jobexec::kube
