// How one answer gets from "due" to "known stored and marked", one step at a time. Pure.
//
// JetStream: publish under a fixed id, then mark with the sequence that the stream gave. The stream
// drops a repeat of the same id for a while (its duplicate window); what may be older than half of
// it, or may have been sent by a predecessor, is looked up first.
//
// Everywhere else a repeat counts twice, so the intention is written down before the event is sent.
// What was provably not delivered is sent again under the same intention. What may have been
// delivered, and every intention of somebody else, is left alone until it cannot be on its way any
// more. Then
// - Keptn is asked what it has counted. Stored: mark. Not wanted any more: mark. Wanted and not
//   there, in two looks: send again under a new intention. If it cannot be asked for so long that
//   Keptn, if it runs, has given up waiting for a .started, that one is given up and not repeated
//   (a second one would let the sequence hang; the .finished goes out all the same), while a
//   .finished is sent again (a second one does no harm by then).
// - a plain sink cannot be asked what it has: it gets the same CloudEvent source and id again and
//   can drop it.
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
enum class Transport {
  kJetStream,  // repeats of an id are dropped for a while, and the stream can be read
  kKeptn,      // a repeat counts twice, but Keptn can be asked what it has counted
  kHttp,       // a repeat is the receiver's to drop, and nobody can be asked
};

// A look into the stream, or at what Keptn has counted, may be used this long.
inline constexpr absl::Duration kLookValidity = absl::Seconds(30);
// What was sent under an intention is not on its way any more after this time.
inline constexpr absl::Duration kIntentSettled = absl::Seconds(45);
// Between the two looks that must agree that an answer is not there: at what Keptn's controller
// counts, and in Keptn's event store, which lags.
inline constexpr absl::Duration kControllerGap = absl::Seconds(15);
inline constexpr absl::Duration kEventStoreGap = absl::Seconds(30);
// Keptn ends a sequence whose task is not started 10 minutes after its event, looking once a
// minute: what nobody could be asked about for so long is not waited for any more.
inline constexpr absl::Duration kAskLimit = absl::Minutes(15);

// An answer that is not there although Keptn waits for it. Times are Clock::Elapsed.
struct Absence {
  absl::Duration first;
  absl::Duration last;
  bool from_event_store = false;  // at least one of the looks was no better than that

  bool operator==(const Absence&) const = default;
};

// What this process knows of what was sent under one intention.
struct Sent {
  runs::Ledger intent;
  // Clock::Elapsed when it was last sent or, if somebody else did, when this process first saw it.
  // The other one's clock does not count.
  absl::Duration since;
  std::optional<Absence> absence;
  bool look_failed = false;  // the last one

  bool operator==(const Sent&) const = default;
};

// What this process knows of one answer beyond the ledger.
struct AnswerMemory {
  std::optional<uint64_t> stored;               // known stored, at this sequence (0 if it has none)
  std::optional<absl::Duration> looked;         // Clock::Elapsed of a look that found nothing
  std::optional<absl::Duration> first_attempt;  // of the first publish since, result unknown
  // Our intention, under which nothing can have been delivered yet.
  std::optional<runs::Ledger> unused_intent;
  // Under it the other side refused the event itself: perhaps because nobody waits for it.
  bool refused = false;
  std::optional<Sent> sent;
  bool given_up = false;  // .started: whether it is stored will never be known
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
    kMark,    // write `ledger`
    kWait,    // for `wait`, then ask again
    kGiveUp,  // of a .started: go on without knowing
  };
  Kind kind = Kind::kPublish;
  runs::Ledger ledger;
  absl::Duration wait;
};

Step NextStep(const StepInput& input);

// True if the event may go on: the answer is known stored, or will never be known to be.
bool IsSettled(const AnswerMemory& memory);

// True if the ledger says that this answer may have been sent.
bool IsIntentOf(Answer answer, const runs::Ledger& ledger);

// The ledger shows an intention. If it is somebody else's and new to this process, it counts from
// now.
void NoteSeen(Answer answer, const runs::Ledger& ledger, absl::Duration elapsed,
              AnswerMemory& memory);

// Something may have been sent under `intent` from `elapsed` on. What was learnt of an earlier
// sending does not hold any more.
void NoteSent(const runs::Ledger& intent, absl::Duration elapsed, AnswerMemory& memory);

// A look at `elapsed` found the answer wanted and not there.
void NoteAbsent(absl::Duration elapsed, bool from_event_store, AnswerMemory& memory);

}  // namespace jobexec::reporter
