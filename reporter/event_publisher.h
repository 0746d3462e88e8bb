// Where answers go.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/cloudevents/event.h"
#include "common/runs/event_facts.h"
#include "reporter/answer_steps.h"

namespace jobexec::reporter {

// GetReason() of an error after which provably nothing was delivered.
inline constexpr char kNotSent[] = "NOT_SENT";

struct Receipt {
  uint64_t sequence = 0;   // in the stream; 0 where there is none
  bool duplicate = false;  // it was there already
};

// From where on to look for an answer: the sequence, or if that is 0 the time.
struct LookBound {
  uint64_t sequence = 0;
  absl::Time time = absl::InfinitePast();
};

// An answer to be looked for.
struct Wanted {
  const runs::EventFacts& facts;  // of the event that it answers
  std::string type;               // of the answer, as its id and source
  std::string id;
  std::string source;
  LookBound bound;
};

// What a look found.
struct Finding {
  enum class Kind {
    kStored,
    kAbsent,
    kMoot,  // nobody waits for the answer (any more): there is nothing to be sent
  };
  Kind kind = Kind::kAbsent;
  uint64_t sequence = 0;          // kStored: in the stream; 0 where there is none
  bool from_event_store = false;  // kAbsent: only an event store says so, which may lag
};

// Thread-safe. Calls block the caller, at most about a minute.
class EventPublisher {
 public:
  virtual ~EventPublisher() = default;

  // May change while the process runs: a NATS server may turn out to have no JetStream.
  virtual Transport transport() const = 0;

  // Sends `event` and waits until it is known stored. Any error: it may be stored nevertheless or
  // become so within 30 s, unless GetReason() is kNotSent. Repeating is safe only as NextStep says.
  // INVALID_ARGUMENT: the other side refuses this event, perhaps for its size. Anything else may
  // pass, UNAVAILABLE with Retry-After if the other side gave one.
  virtual absl::StatusOr<Receipt> Publish(const cloudevents::Event& event) = 0;

  // Looks for an answer. Any error: not known. UNIMPLEMENTED where nobody can be asked.
  virtual absl::StatusOr<Finding> Find(const Wanted& wanted) = 0;

  // For how long a repeat of the same id is dropped; zero if that is not known (yet). Does not
  // block.
  virtual absl::Duration duplicate_window() const = 0;

  // OK if answers can be sent as far as is known, else why not, for /readyz. Does not block.
  virtual absl::Status CheckReachable() const = 0;

  // Finds out for CheckReachable how the other side is, if nothing else does. Blocks as a call.
  virtual void Probe() {}
};

}  // namespace jobexec::reporter
