// What is to be done about an event now. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "reporter/run_state.h"

namespace jobexec::reporter {

// Members whose anchor never appears are kept this long: longer than any submission takes.
inline constexpr absl::Duration kOrphanAge = absl::Minutes(15);
// A running Job is read again when it should have ended this long ago.
inline constexpr absl::Duration kOverdueGrace = absl::Minutes(1);

// How far the answers of an event are.
enum class Answered { kNotOwed, kNothing, kStarted, kFinished };

// What the ledger says.
Answered AnsweredBy(const runs::Ledger& ledger);

struct Action {
  enum class Kind {
    kConfirm,      // read the Job: the watch does not know it, or it is overdue
    kRelease,      // let the next task run
    kStop,         // end a task that runs
    kDelete,       // remove a Job that will never run
    kSayStarted,   // send .started, as the ledger says how far that is
    kSayFinished,  // send .finished, likewise
    kLetGo,        // nothing is owed for this Job any more
  };
  Kind kind = Kind::kConfirm;
  JobPtr job;  // kRelease, kStop, kDelete, kLetGo; kConfirm unless the Job was never seen
  // kConfirm of a Job that was never seen.
  std::string name_space;
  std::string name;
  std::string why;  // kStop, for people
};

struct Decision {
  std::vector<Action> actions;
  absl::Time look_again = absl::InfiniteFuture();  // even if nothing changes
  // Nothing of the event is left in the cluster and nothing is owed.
  bool over = false;
};

// `started_stored`: this process knows that .started is stored, whatever the ledger says yet.
Decision NextActions(const EventState& state, bool started_stored, absl::Time now);

// True if every run that is answered for has been decided: .finished is due.
bool AnswerIsDue(const EventState& state);

// True if every run has been decided, silent ones included: the anchor may be let go, once
// `answered`.
bool AllDecided(const EventState& state, Answered answered);

// Seconds that a Job that is let go now shall stay after its end. An anchor stays at least kHold
// after its answer, so that a late copy of the event meets it.
int64_t TtlOf(const JobView& job, absl::Time now);

}  // namespace jobexec::reporter
