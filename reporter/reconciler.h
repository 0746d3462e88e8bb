// The life of an event, from its anchor's appearance until nothing is owed: look, decide, act.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "reporter/answer_steps.h"
#include "reporter/answers.h"
#include "reporter/event_publisher.h"
#include "reporter/keptn_log.h"
#include "reporter/log_archive.h"
#include "reporter/logs.h"
#include "reporter/metrics.h"
#include "reporter/next_actions.h"
#include "reporter/store.h"
#include "reporter/work_queue.h"

namespace jobexec::reporter {

// Thread-safe for different events; the work queue keeps one event on one thread.
class Reconciler {
 public:
  struct Options {
    AnswerSettings answers;
    std::string holder;  // unique name of this process's life, for intentions
    LogLimits log_limits;
    // Asked right before each write and each answer: after a false nothing of the kind is done, and
    // the event is left as it is. Thread-safe and quick; empty: always true.
    std::function<bool()> may_act;
  };

  // Everything given by reference must outlive the reconciler.
  struct Parts {
    kube::Client& kube;
    EventPublisher& publisher;
    Store& store;
    WorkQueue& queue;
    Metrics& metrics;
    LogArchive& archive;
    Clock& clock;
    KeptnLog* keptn_log = nullptr;  // null: there is no Keptn
  };

  Reconciler(Options options, Parts parts);
  ~Reconciler();

  // Takes the event as far as it goes now. What has to be tried or looked at later is put into the
  // queue with a delay.
  void Process(absl::string_view hash);

  // Forgets what it knows beyond the store, as a new process would not know it. No event may be
  // under way.
  void ForgetAll();

 private:
  // What this process remembers of an event beyond etcd. Losing it costs a look, never an answer.
  struct Memory {
    std::string anchor_uid;
    bool owed = false;
    AnswerMemory started;
    AnswerMemory finished;
    TaskLogs logs;                               // of failed tasks, read before their pods go
    absl::flat_hash_set<std::string> deleted;    // uids of Jobs whose deletion was accepted
    absl::flat_hash_set<std::string> reported;   // names of Jobs whose end was logged
    absl::flat_hash_set<std::string> caught_up;  // names of Jobs whose pods were read again
    std::unique_ptr<Backoff> backoff;            // while calls of the API server fail
    std::unique_ptr<Backoff> send_backoff;       // while sending fails
    absl::Duration quiet_until;                  // Clock::Elapsed; nothing is sent before
    size_t max_message_bytes = 0;  // of .finished, once it was refused; 0: as the options say
    std::string error_text;        // of an errored .finished, for Keptn's error log
    bool told = false;             // its entry in Keptn's error log is under way
  };

  // One event while it is being processed.
  struct Look {
    const EventState& state;
    Memory& memory;
  };

  enum class Patched {
    kApplied,
    kStale,   // its test failed or the Job is gone; the store has the present state
    kFailed,  // will be tried again
  };

  bool MayAct() const { return options_.may_act == nullptr || options_.may_act(); }
  void Settle(absl::string_view hash);
  Memory& MemoryOf(absl::string_view hash);
  void Forget(absl::string_view hash);
  void Follow(const EventState& state, Memory& memory);
  void NoteEndedTasks(Look look);
  void TakeLog(Look look, const RunStatus& run, const TaskStatus& task);
  void TellKeptn(Look look);

  // These return true if something has moved, so that the event is to be judged again at once. If
  // not, the watch or a delayed key will bring it back.
  bool Act(Look look, const Action& action);
  bool Confirm(Look look, const Action& action);
  bool Release(Look look, const JobView& job);
  bool Stop(Look look, const JobView& job, const std::string& why);
  bool Delete(Look look, const JobView& job);
  bool LetGo(Look look, const JobView& job);
  bool Say(Look look, Answer answer);
  bool LookUp(Look look, Answer answer);
  bool GiveUp(Look look, Answer answer);
  absl::Status Learn(Look look, Answer answer);
  bool MayFinish(Look look);
  bool Intend(Look look, Answer answer, const runs::Ledger& intent);
  static const TaskStatus* FindLagging(Look look);
  bool CatchUp(Look look, const TaskStatus& task);
  bool Publish(Look look, Answer answer);
  bool NotePublished(Look look, const cloudevents::Event& event, Answer answer,
                     const Receipt& receipt);
  bool NoteNotPublished(Look look, Answer answer, const std::optional<runs::Ledger>& intent,
                        const absl::Status& status);
  bool Mark(Look look, Answer answer, const runs::Ledger& mark);
  bool MoveLedger(Look look, const runs::Ledger& next, const nlohmann::json& patch);

  size_t LogLimit(const EventState& state) const;
  AnswerSettings SettingsOf(Look look) const;
  cloudevents::Event BuildAnswer(Look look, Answer answer);
  Patched Patch(Look look, const JobView& job, const nlohmann::json& patch);
  bool ReadAgain(Look look, absl::string_view name_space, absl::string_view name,
                 const JobView* known);
  std::string Keep(Look look, absl::string_view name_space, absl::string_view name,
                   const nlohmann::json& job);
  bool Retry(Look look, absl::string_view what, const absl::Status& status);
  bool SendLater(Look look, absl::string_view what, const absl::Status& status);
  absl::Duration Delay(Look look, std::unique_ptr<Backoff>& backoff, absl::string_view what,
                       const absl::Status& status);

  const Options options_;
  const Parts parts_;
  LogCollector logs_;
  absl::Mutex mutex_;
  // The elements keep their address; each is used by the one thread that processes its event.
  absl::flat_hash_map<std::string, std::unique_ptr<Memory>> memories_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::reporter
