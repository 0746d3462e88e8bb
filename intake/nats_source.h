// Events from NATS: Keptn's own, in its cluster, or anybody's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/rate_limit.h"
#include "common/nats/consumer.h"
#include "intake/condition.h"
#include "intake/dispatcher.h"
#include "intake/metrics.h"
#include "intake/sequence_ends.h"
#include "intake/subscriptions.h"

namespace jobexec::intake {

// Fetches as many messages as there is room for, decodes them, hands those that a subscription
// takes to the dispatcher, and tells NATS of each what became of it: done once a scheduler has had
// the last word (accepted, ignored, rejected), or once more, later, when it has not. Until then
// NATS is told from time to time that the message is in work. Any number of replicas share the
// messages.
//
// A message that nobody wants, or that is no event, is done at once: it would come for ever. Only
// ".triggered" types are taken by a subscription with a wildcard at its end; other types by one
// that names them. The end of a sequence is done when `ends` says so.
//
// Without JetStream the same goes over a plain subscription: at most once, since nobody keeps what
// a process loses.
class NatsSource {
 public:
  struct Options {
    size_t max_unsettled = 1024;                  // messages that are fetched and not done
    int max_batch = 64;                           // of one fetch
    absl::Duration idle_wait = absl::Seconds(1);  // for a message, when there is nothing else to do
    absl::Duration busy_wait = absl::Milliseconds(50);  // when decisions may come meanwhile
    absl::Duration pause = absl::Milliseconds(20);
    absl::Duration keep_alive = absl::Seconds(10);       // well below the consumer's ack_wait
    absl::Duration look_for_stream = absl::Seconds(10);  // while there is no JetStream
    absl::Duration longest_delay = absl::Minutes(5);     // until a message comes again
  };

  // All must outlive the source.
  struct Parts {
    nats::Consumer& durable;   // used by the source alone
    nats::CoreConsumer& core;  // without JetStream; likewise
    const Subscriptions& subscriptions;
    SequenceEnds& ends;
    Dispatcher& dispatcher;
    Clock& clock;
    Metrics& metrics;
  };

  NatsSource(const Options& options, const Parts& parts);

  // On a thread of its own. When `stop` is notified it fetches nothing more, goes on until all that
  // it handed over has been decided and NATS has been told, then returns: the dispatcher's link and
  // `ends` must see to it that everything gets its answer, and be stopped after `stop`. What NATS
  // cannot be told any more it hands out again by itself.
  void Run(const absl::Notification& stop);

  // OK if messages can be fetched, else why not, for /readyz. Thread-safe.
  absl::Status Check() const { return condition_.Get(); }

 private:
  // What NATS is to be told of a message.
  struct Verdict {
    bool done = true;
    absl::Duration delay;  // until it comes again, if it is not done
  };
  // Verdicts from other threads, by number of the message. Outlives the source if need be.
  struct Verdicts {
    void Put(uint64_t number, Verdict verdict);
    std::vector<std::pair<uint64_t, Verdict>> Take();

    absl::Mutex mutex;
    std::vector<std::pair<uint64_t, Verdict>> list ABSL_GUARDED_BY(mutex);
  };
  // A message that NATS waits for word of.
  struct Unsettled {
    nats::Consumer* consumer;
    nats::Message message;  // the payload until it is decoded
    absl::Duration told;    // Clock::Elapsed when NATS last heard of it
    std::optional<Verdict> verdict;
  };

  size_t Room() const;
  bool MayFetch();
  std::vector<nats::Message> Fetch();
  absl::StatusOr<std::vector<nats::Message>> FetchFromEither(int most, absl::Duration wait);
  void EnterCore(const absl::Status& why);
  void LeaveCore();
  void Note(const absl::Status& fetched);

  std::vector<uint64_t> Register(std::vector<nats::Message> messages);
  bool IsRepeated(const nats::Message& message);
  void Handle(uint64_t number, const absl::Notification& stop);
  void HandleEnd(uint64_t number, cloudevents::Event event);
  void Submit(uint64_t number, Delivery delivery, const absl::Notification& stop);
  void Decide(uint64_t number, absl::string_view result);
  void LogInvalid(const nats::Message& message, const absl::Status& error);

  void Settle();
  absl::Status SettleWith(nats::Consumer& consumer);
  absl::Status Tell(Unsettled& unsettled);
  void Forget(nats::Consumer& consumer);
  void Drain();

  const Options options_;
  const Parts parts_;
  Condition condition_;
  RateLimit invalid_lines_;
  const std::shared_ptr<Verdicts> verdicts_ = std::make_shared<Verdicts>();

  // Of the thread in Run.
  std::map<uint64_t, Unsettled> unsettled_;
  std::map<uint64_t, uint64_t> by_sequence_;  // number of the message, by sequence in the stream
  uint64_t last_number_ = 0;
  nats::Consumer* consumer_;  // the one that fetched last
  bool core_ = false;         // there is no JetStream
  Backoff backoff_;
  absl::Duration next_fetch_;
  absl::Duration next_settle_;
  absl::Duration next_look_;  // for JetStream
};

}  // namespace jobexec::intake
