// A scheduler link that keeps what it gets until the test answers.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "intake/scheduler_link.h"

namespace jobexec::intake {

// Not thread-safe.
class FakeSchedulerLink final : public SchedulerLink {
 public:
  void Submit(EventSubmission submission, Callback done) override {
    submissions.push_back(std::move(submission));
    waiting.push_back(std::move(done));
  }

  // Answers the submission with this index, once.
  void Answer(size_t index, EventOutcome outcome) {
    std::move(waiting.at(index))(std::move(outcome));
  }

  std::vector<EventSubmission> submissions;
  std::vector<Callback> waiting;
};

}  // namespace jobexec::intake
