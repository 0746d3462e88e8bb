// Whether an event was answered before: "is our .started for it stored?", asked where answers
// count.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/keptn/api.h"
#include "common/keptn/events.h"
#include "common/nats/answer_index.h"
#include "intake/delivery.h"

namespace jobexec::intake {

// Thread-safe.
class Answered {
 public:
  virtual ~Answered() = default;

  // Asks for a valid event of a type that is answered (.triggered). Blocks, up to about a minute.
  // False also if there is nowhere to look, or nothing in the event to look by. Any error: not
  // known now, ask again later.
  virtual absl::StatusOr<bool> WasAnswered(const Delivery& delivery) = 0;
};

// Asks Keptn's controller what it has counted, or if this Keptn cannot tell, its event store. The
// store lags and loses: only when it has nothing twice, 30 s apart, the event counts as not
// answered.
class KeptnAnswered final : public Answered {
 public:
  // `source` is the CloudEvent source of our answers. Both must outlive this.
  KeptnAnswered(keptn::Api& api, std::string source, Clock& clock)
      : api_(api), source_(std::move(source)), clock_(clock) {}

  absl::StatusOr<bool> WasAnswered(const Delivery& delivery) override;

 private:
  absl::StatusOr<bool> AskStore(const keptn::AnswerQuery& query);

  keptn::Api& api_;
  const std::string source_;
  Clock& clock_;
  absl::Mutex mutex_;
  // By id of the event: Clock::Elapsed when the store was first seen to have nothing.
  absl::flat_hash_map<std::string, absl::Duration> absent_ ABSL_GUARDED_BY(mutex_);
};

// Looks into the JetStream stream that takes the answers.
class NatsAnswered final : public Answered {
 public:
  // `installation` as in the ids of our answers. `fallback` is asked where there is no stream, or
  // it no longer has the time in question; null: then nobody can say, and an event that the stream
  // itself delivered is asked for again, any other one counts as not answered. All must outlive
  // this.
  NatsAnswered(nats::AnswerIndex& index, std::string installation, Answered* fallback)
      : index_(index), installation_(std::move(installation)), fallback_(fallback) {}

  absl::StatusOr<bool> WasAnswered(const Delivery& delivery) override;

 private:
  nats::AnswerIndex& index_;
  const std::string installation_;
  Answered* const fallback_;
};

}  // namespace jobexec::intake
