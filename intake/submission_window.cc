#include "intake/submission_window.h"

#include <utility>

namespace jobexec::intake {

void SubmissionWindow::Add(EventSubmission submission, absl::Duration expiry, Callback done) {
  pending_.emplace(next_order_++, Pending{std::make_shared<EventSubmission>(std::move(submission)),
                                          expiry, std::move(done)});
}

void SubmissionWindow::StartStream() {
  first_unwritten_ = 0;
  last_sequence_ = 0;
  written_.clear();
}

std::shared_ptr<const EventSubmission> SubmissionWindow::NextToWrite() {
  const auto next = pending_.lower_bound(first_unwritten_);
  if (next == pending_.end() || written_.size() >= credits_) return nullptr;
  first_unwritten_ = next->first + 1;
  written_.emplace(++last_sequence_, Written{next->first, next->second.expiry});
  next->second.submission->set_sequence(last_sequence_);
  return next->second.submission;
}

SubmissionWindow::Answered SubmissionWindow::TakeAnswered(uint64_t sequence) {
  const auto written = written_.find(sequence);
  if (written == written_.end()) return {};
  Answered answered{.known = true};
  const auto pending = pending_.find(written->second.order);
  written_.erase(written);
  if (pending != pending_.end()) {
    answered.done = std::move(pending->second.done);
    pending_.erase(pending);
  }
  return answered;
}

std::vector<SubmissionWindow::Callback> SubmissionWindow::TakeExpired(absl::Duration now) {
  std::vector<Callback> expired;
  for (auto next = pending_.begin(); next != pending_.end();) {
    if (next->second.expiry <= now) {
      expired.push_back(std::move(next->second.done));
      next = pending_.erase(next);
    } else {
      ++next;
    }
  }
  return expired;
}

std::vector<SubmissionWindow::Callback> SubmissionWindow::TakeAll() {
  return TakeExpired(absl::InfiniteDuration());
}

bool SubmissionWindow::Stalled(absl::Duration now, absl::Duration patience) const {
  // Written in order of arrival, so the first one waits longest.
  return !written_.empty() && now - written_.begin()->second.expiry > patience;
}

}  // namespace jobexec::intake
