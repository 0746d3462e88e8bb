// A consumer that hands out what a test says and remembers what it is told.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/nats/consumer.h"

namespace jobexec::intake {

// Not thread-safe.
class FakeConsumer final : public nats::CoreConsumer {
 public:
  using Messages = absl::StatusOr<std::vector<nats::Message>>;

  // Each fetch runs the next step; when there is none left, `on_end`, and nothing comes.
  Messages Fetch(int most, absl::Duration wait) override {
    asked.push_back(most);
    waits.push_back(wait);
    if (next_ >= steps.size()) {
      if (on_end) on_end();
      return std::vector<nats::Message>();
    }
    return steps[next_++]();
  }

  absl::Status Ack(const nats::Message& message) override {
    return Tell(absl::StrCat("ack ", message.handle));
  }
  absl::Status Nak(const nats::Message& message, absl::Duration delay) override {
    return Tell(absl::StrCat("nak ", message.handle, " ", absl::FormatDuration(delay)));
  }
  absl::Status InProgress(const nats::Message& message) override {
    return Tell(absl::StrCat("wait ", message.handle));
  }
  // What was said counts only now.
  absl::Status Flush() override {
    if (!flush_error.ok()) {
      said_.clear();
      return flush_error;
    }
    told.insert(told.end(), said_.begin(), said_.end());
    said_.clear();
    return absl::OkStatus();
  }
  nats::Backlog backlog() const override { return held; }
  void Leave() override { left = true; }

  std::vector<std::function<Messages()>> steps;
  std::function<void()> on_end;
  std::vector<int> asked;
  std::vector<absl::Duration> waits;
  std::vector<std::string> told;
  absl::Status tell_error;
  absl::Status flush_error;
  nats::Backlog held;
  bool left = false;

 private:
  absl::Status Tell(std::string word) {
    if (tell_error.ok()) said_.push_back(std::move(word));
    return tell_error;
  }

  size_t next_ = 0;
  std::vector<std::string> said_;
};

}  // namespace jobexec::intake
