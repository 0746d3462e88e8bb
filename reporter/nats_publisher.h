// Answers through a JetStream stream: subject = type, message id = CloudEvent id.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/nats/connection.h"
#include "reporter/event_publisher.h"

namespace jobexec::reporter {

// Below this duplicate window (or without JetStream) exactly-once cannot be promised.
inline constexpr absl::Duration kSafeDuplicateWindow = absl::Minutes(2);

class NatsPublisher final : public EventPublisher {
 public:
  // Both must outlive the publisher.
  NatsPublisher(nats::Connection& connection, Clock& clock);

  Transport transport() const override { return Transport::kJetStream; }
  absl::StatusOr<Receipt> Publish(const cloudevents::Event& event) override;

  // Keeps what it read of a subject, so that many lookups after a take-over read the stream once.
  // What was read is followed to the stream's present end if it is older than a few seconds.
  absl::StatusOr<std::optional<Receipt>> Find(absl::string_view type, absl::string_view id,
                                              const LookBound& bound) override;

  absl::Duration duplicate_window() const override;

 private:
  // The message ids of one subject from a bound on.
  struct Index {
    LookBound from;
    uint64_t next = 0;         // sequence where the next scan goes on
    absl::Duration read_time;  // Clock::Elapsed of the last scan's start
    absl::flat_hash_map<std::string, uint64_t> sequences;
  };

  void Learn(const nats::StreamInfo& stream);
  absl::Status Refresh(const std::string& subject, const LookBound& bound, Index& index);

  nats::Connection& connection_;
  Clock& clock_;
  mutable absl::Mutex mutex_;
  absl::Duration duplicate_window_ ABSL_GUARDED_BY(mutex_);
  bool learned_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Mutex look_mutex_;  // one scan at a time
  // By subject and kind of bound (true: by sequence): the two cannot be compared.
  std::map<std::pair<std::string, bool>, Index> indexes_ ABSL_GUARDED_BY(look_mutex_);
};

}  // namespace jobexec::reporter
