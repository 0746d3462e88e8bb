// The shipyard-controller's rules: sequences, their tasks, and which answers count.
//
// No I/O: what comes in returns the events that Keptn publishes because of it. Time is the clock's,
// and moves things only in Tick.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "tests/support/keptn/event_log.h"
#include "tests/support/keptn/event_type.h"
#include "tests/support/keptn/execution.h"
#include "tests/support/keptn/sequence_states.h"
#include "tests/support/keptn/shipyard.h"

namespace jobexec::test_keptn {

using Publications = std::vector<nlohmann::json>;

struct OfferFilter {
  std::string type;
  std::string project;  // each empty: any
  std::string stage;
  std::string service;
  std::string event_id;
};

// Thread-safe.
class Engine {
 public:
  struct Options {
    // A task without any answer for this long ends its sequence (TASK_STARTED_WAIT_DURATION);
    // looked at every `watch_interval` (SEQUENCE_WATCHER_INTERVAL).
    absl::Duration started_wait = absl::Minutes(10);
    absl::Duration watch_interval = absl::Minutes(1);
  };

  // What the engine asks the rest of Keptn, with its own lock held.
  struct Neighbours {
    // mongodb-datastore has an event that answers this one.
    std::function<bool(const std::string& triggered_id)> is_answered;
    // The newest commit of a stage, empty if it is unknown.
    std::function<std::string(const std::string& project, const std::string& stage)> latest_commit;
  };

  enum class Control { kAbort, kPause, kResume };

  // `clock` and `log` must outlive the engine.
  Engine(Options options, Neighbours neighbours, Clock& clock, EventLog& log);

  // Adds a project or replaces its shipyard.
  void SetShipyard(const std::string& project, Shipyard shipyard);
  bool HasProject(const std::string& project) const;

  // An event from the broker. `sequence` is its place in the stream, for the log.
  Publications Handle(const nlohmann::json& event, uint64_t sequence);

  // For all sequences of a context, or those of one stage. Unknown ones are nothing to do.
  Publications Steer(const std::string& project, const std::string& context,
                     const std::string& stage, Control control);

  // Sends what was waiting for its time, starts what is not blocked any more, ends what nobody
  // answered.
  Publications Tick();

  // Open offers up to now, newest first, as GET /v1/event/triggered shows them.
  std::vector<nlohmann::json> Offers(const OfferFilter& filter) const;

  // Executions in order of their start; all of the project if `context` is empty.
  std::vector<Execution> Executions(const std::string& project, const std::string& context) const;
  std::vector<nlohmann::json> States(const std::string& project, const std::string& context) const;

 private:
  struct Offer {
    nlohmann::json event;
    absl::Time time;  // when it is (to be) sent
    bool sent = false;
    Execution* execution = nullptr;  // always set
  };
  // How a sequence ends, and what its .finished says.
  struct End {
    Outcome outcome;
    std::string message;
    nlohmann::json labels;
    State state = State::kFinished;
  };

  // engine.cc: what comes in. Both return the fields of the log entry.
  nlohmann::json TakeLocked(const nlohmann::json& event, Publications& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  nlohmann::json QueueSequenceLocked(const nlohmann::json& event, const EventType& type,
                                     Publications& out) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  nlohmann::json CountLocked(const nlohmann::json& event, const EventType& type, Publications& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Execution* FindOpenLocked(const nlohmann::json& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  nlohmann::json RefuseSequenceLocked(const nlohmann::json& event, const EventType& type,
                                      const std::string& why, Publications& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // engine_sequences.cc: from task to task.
  void StartIfFreeLocked(Execution& execution, Publications& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartWaitingLocked(Publications& out) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TriggerTaskLocked(Execution& execution, const Task& task, Publications& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CompleteTaskLocked(Execution& execution, const Outcome& outcome,
                          const nlohmann::json& closing, Publications& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TriggerFollowersLocked(const Execution& execution, Publications& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndLocked(Execution& execution, const End& end, Publications& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetStateLocked(Execution& execution, State state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MaySendLocked(const Offer& offer) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  nlohmann::json MakeEventLocked(const std::string& type, const std::string& context,
                                 nlohmann::json data) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // engine_control.cc: what people and time do.
  std::vector<Execution*> FindSteeredLocked(const std::string& project, const std::string& context,
                                            const std::string& stage)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PauseLocked(Execution& execution) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ResumeLocked(Execution& execution, Publications& out) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendDueLocked(Publications& out) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndUnansweredLocked(Publications& out) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const Neighbours neighbours_;
  Clock& clock_;
  EventLog& log_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Shipyard> shipyards_ ABSL_GUARDED_BY(mutex_);
  std::deque<Execution> executions_ ABSL_GUARDED_BY(mutex_);  // elements never move
  std::map<std::string, std::vector<Execution*>> by_context_ ABSL_GUARDED_BY(mutex_);
  std::vector<Execution*> waiting_ ABSL_GUARDED_BY(mutex_);      // triggered, not started
  std::map<Scope, Execution*> running_ ABSL_GUARDED_BY(mutex_);  // started: one for each scope
  std::set<std::string> paused_contexts_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> sequence_ids_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Offer> offers_ ABSL_GUARDED_BY(mutex_);  // by event id
  std::set<std::string> unsent_ ABSL_GUARDED_BY(mutex_);         // offers that wait
  SequenceStates states_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_watch_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace jobexec::test_keptn
