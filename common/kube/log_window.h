// The beginning and the end of a text that is too long to be kept whole.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::kube {

// Keeps the first quarter and the end of what is appended, never more than about `limit` bytes. Not
// thread-safe.
class LogWindow {
 public:
  // The result has at most `limit` bytes.
  explicit LogWindow(size_t limit);

  void Append(absl::string_view data);

  // Everything, or head and tail, cut at line ends where there are any, with the line
  // "... N bytes cut ..." between them. Below a limit of 256 bytes only the tail.
  std::string Text() const;

  uint64_t total_bytes() const { return total_; }

 private:
  const size_t limit_;
  const size_t head_limit_;
  const size_t tail_limit_;
  uint64_t total_ = 0;
  std::string head_;
  std::string tail_;        // a ring once it is full
  size_t tail_oldest_ = 0;  // where the ring's oldest byte is
};

}  // namespace jobexec::kube
