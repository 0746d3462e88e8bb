// Answers over NATS, subject = type: through a JetStream stream with the CloudEvent id as message
// id, or, where the server has no JetStream, to whoever listens.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/keptn/api.h"
#include "common/nats/answer_index.h"
#include "common/nats/connection.h"
#include "reporter/event_publisher.h"

namespace jobexec::reporter {

// Below this duplicate window (or without JetStream) exactly-once cannot be promised.
inline constexpr absl::Duration kSafeDuplicateWindow = absl::Minutes(2);

class NatsPublisher final : public EventPublisher {
 public:
  // `connection`, `clock` and, unless it is null, `keptn` must outlive the publisher. `keptn` is
  // asked for what the stream cannot tell (any more).
  NatsPublisher(nats::Connection& connection, keptn::Api* keptn, Clock& clock);

  // kJetStream until the server is known to have none. Then answers are sent without confirmation,
  // and by the rules of a POST: with Keptn to ask, or without.
  Transport transport() const override;

  absl::StatusOr<Receipt> Publish(const cloudevents::Event& event) override;

  // Many lookups after a take-over read the stream once. Keptn is asked where the stream has lost
  // the time in question.
  absl::StatusOr<Finding> Find(const Wanted& wanted) override;

  absl::Duration duplicate_window() const override;
  absl::Status CheckReachable() const override;
  void Probe() override;

 private:
  absl::StatusOr<Receipt> PublishPlain(const cloudevents::Event& event);
  absl::StatusOr<Finding> FindInStream(const Wanted& wanted);
  void CheckJetStream();
  void Note(const absl::Status& status);
  void Learn(const nats::StreamInfo& stream);

  nats::Connection& connection_;
  keptn::Api* const keptn_;
  Clock& clock_;
  nats::AnswerIndex index_;
  mutable absl::Mutex mutex_;
  absl::Status reachable_ ABSL_GUARDED_BY(mutex_);
  bool plain_ ABSL_GUARDED_BY(mutex_) = false;  // without JetStream
  // Clock::Elapsed when the server was last asked for JetStream.
  absl::Duration checked_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  absl::Duration duplicate_window_ ABSL_GUARDED_BY(mutex_);
  bool learned_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace jobexec::reporter
