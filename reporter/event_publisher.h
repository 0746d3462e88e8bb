// Where answers go.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/cloudevents/event.h"
#include "reporter/answer_steps.h"

namespace jobexec::reporter {

// GetReason() of an error after which provably nothing was delivered.
inline constexpr char kNotSent[] = "NOT_SENT";

struct Receipt {
  uint64_t sequence = 0;   // in the stream; 0 over HTTP
  bool duplicate = false;  // it was there already
};

// From where on to look for an answer: the sequence, or if that is 0 the time.
struct LookBound {
  uint64_t sequence = 0;
  absl::Time time = absl::InfinitePast();
};

// Thread-safe. Calls block the caller, at most about 15 s.
class EventPublisher {
 public:
  virtual ~EventPublisher() = default;

  virtual Transport transport() const = 0;

  // Sends `event` and waits until it is known stored. Any error: it may be stored nevertheless or
  // become so within 30 s, unless GetReason() is kNotSent. Repeating is safe only as NextStep says.
  // UNAVAILABLE (with Retry-After if the other side gave one) or DEADLINE_EXCEEDED: it may pass;
  // INVALID_ARGUMENT: the other side refuses this event.
  virtual absl::StatusOr<Receipt> Publish(const cloudevents::Event& event) = 0;

  // Looks for an answer of this type and id that was stored at or after `bound`; nothing if there
  // is none. UNIMPLEMENTED over HTTP; UNAVAILABLE or DEADLINE_EXCEEDED: not known.
  virtual absl::StatusOr<std::optional<Receipt>> Find(absl::string_view type, absl::string_view id,
                                                      const LookBound& bound) = 0;

  // For how long a repeat of the same id is dropped; zero if that is not known (yet). Does not
  // block.
  virtual absl::Duration duplicate_window() const = 0;
};

}  // namespace jobexec::reporter
