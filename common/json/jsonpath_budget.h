// Bounds the work of one evaluation, however queries and documents are nested.
#pragma once

#include <cstddef>

namespace jobexec::json::path {

class Budget {
 public:
  explicit Budget(size_t steps) : left_(steps) {}

  // False from the moment that the steps do not suffice; what is found after that is of no value.
  bool Spend(size_t steps) {
    exhausted_ = exhausted_ || steps > left_;
    left_ -= exhausted_ ? 0 : steps;
    return !exhausted_;
  }
  // For work that grows with the length of texts.
  bool SpendOnText(size_t bytes) { return Spend(1 + bytes / 64); }
  bool exhausted() const { return exhausted_; }

 private:
  size_t left_;
  bool exhausted_ = false;
};

}  // namespace jobexec::json::path
