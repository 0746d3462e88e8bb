#include "reporter/work_queue.h"

#include <utility>

namespace jobexec::reporter {

void WorkQueue::Add(absl::string_view key) {
  absl::MutexLock lock(&mutex_);
  AddLocked(key);
}

void WorkQueue::AddLocked(absl::string_view key) {
  const auto [state, is_new] = states_.try_emplace(std::string(key), State::kWaiting);
  if (is_new) {
    waiting_.push_back(std::string(key));
  } else if (state->second == State::kTaken) {
    state->second = State::kTakenAndAdded;
  }
}

void WorkQueue::AddAfter(absl::string_view key, absl::Duration delay) {
  absl::MutexLock lock(&mutex_);
  const absl::Duration due = clock_.Elapsed() + delay;
  const auto [known, is_new] = due_.try_emplace(std::string(key), due);
  // A longer delay than the present one is superfluous; a shorter one leaves the longer in the
  // list, where AddDue skips it.
  if (!is_new && known->second <= due) return;
  known->second = due;
  delayed_.emplace(due, std::string(key));
}

void WorkQueue::AddDue() {
  absl::MutexLock lock(&mutex_);
  const absl::Duration now = clock_.Elapsed();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const auto first = delayed_.begin();
    const auto due = due_.find(first->second);
    if (due != due_.end() && due->second == first->first) {
      AddLocked(first->second);
      due_.erase(due);
    }
    delayed_.erase(first);
  }
}

std::optional<std::string> WorkQueue::PopLocked() {
  if (closed_ || !open_ || waiting_.empty()) return std::nullopt;
  std::string key = std::move(waiting_.front());
  waiting_.pop_front();
  states_[key] = State::kTaken;
  return key;
}

std::optional<std::string> WorkQueue::Take() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &WorkQueue::ReadyLocked));
  return PopLocked();
}

std::optional<std::string> WorkQueue::TryTake() {
  absl::MutexLock lock(&mutex_);
  return PopLocked();
}

void WorkQueue::Done(absl::string_view key) {
  absl::MutexLock lock(&mutex_);
  const auto state = states_.find(std::string(key));
  if (state == states_.end()) return;
  const bool again = state->second == State::kTakenAndAdded;
  states_.erase(state);
  if (again) AddLocked(key);
}

void WorkQueue::Open() {
  absl::MutexLock lock(&mutex_);
  open_ = true;
}

void WorkQueue::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

}  // namespace jobexec::reporter
