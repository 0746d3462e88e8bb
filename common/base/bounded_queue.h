// A queue with a fixed capacity between the asynchronous edge of a service and its worker threads.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace jobexec {

// Thread-safe. First in, first out.
template <typename T>
class BoundedQueue {
 public:
  // Holds at most `capacity` (> 0) elements.
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // Adds `value` without waiting. False if the queue is full or closed; `value` is then untouched.
  bool TryPush(T&& value) {
    absl::MutexLock lock(&mutex_);
    if (closed_ || queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(value));
    return true;
  }

  // Waits for an element. Empty when the queue is closed and drained.
  std::optional<T> Pop() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &BoundedQueue::ReadyLocked));
    if (queue_.empty()) return std::nullopt;
    T value = std::move(queue_.front());
    queue_.pop_front();
    return value;
  }

  // Refuses further elements; Pop still hands out what is queued. May be called repeatedly.
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

  size_t Size() const {
    absl::MutexLock lock(&mutex_);
    return queue_.size();
  }

 private:
  bool ReadyLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closed_ || !queue_.empty();
  }

  const size_t capacity_;
  mutable absl::Mutex mutex_;
  std::deque<T> queue_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace jobexec
