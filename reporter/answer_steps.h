// How one answer gets from "due" to "known stored and marked", one step at a time. Pure.
//
// JetStream: publish under a fixed id, then mark with the sequence that the stream gave. The stream
// drops a repeat of the same id for a while (its duplicate window); what may be older than half of
// it, or may have been sent by a predecessor, is looked up first.
//
// HTTP: a sink cannot be asked what it has, so the intention is written down before the POST and a
// POST whose fate is unknown is repeated once, under a new intention, after the first one cannot be
// on its way any more. The sink sees the same CloudEvent source and id again and can drop it.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/runs/schema.h"

namespace jobexec::reporter {

enum class Answer { kStarted, kFinished };

// "started" or "finished".
absl::string_view AnswerName(Answer answer);

// How answers travel.
enum class Transport { kJetStream, kHttp };

// A look into the stream may be used this long.
inline constexpr absl::Duration kLookValidity = absl::Seconds(30);
// What was sent under an intention is not on its way any more after this time.
inline constexpr absl::Duration kIntentSettled = absl::Seconds(45);

// What this process knows of one answer beyond the ledger.
struct AnswerMemory {
  std::optional<uint64_t> stored;               // known stored, at this sequence (HTTP: 0)
  std::optional<absl::Duration> looked;         // Clock::Elapsed of a look that found nothing
  std::optional<absl::Duration> first_attempt;  // of the first publish since, result unknown
  // HTTP: our intention, under which nothing can have been delivered yet.
  std::optional<runs::Ledger> unused_intent;
};

struct StepInput {
  Answer answer = Answer::kStarted;
  Transport transport = Transport::kJetStream;
  runs::Ledger ledger;
  AnswerMemory memory;
  bool inherited = false;
  absl::Duration duplicate_window;  // zero if it is not known
  absl::Time now;
  absl::Duration elapsed;  // Clock::Elapsed
  std::string holder;      // name of this process, for intentions
};

struct Step {
  enum class Kind {
    kLook,    // find out whether it is stored already
    kIntend,  // write `ledger`, then publish
    kPublish,
    kMark,  // write `ledger`
    kWait,  // for `wait`, then ask again
  };
  Kind kind = Kind::kPublish;
  runs::Ledger ledger;
  absl::Duration wait;
};

Step NextStep(const StepInput& input);

}  // namespace jobexec::reporter
