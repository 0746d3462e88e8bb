// What the watches have seen: Jobs and pods by event. In memory; etcd has the truth.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "reporter/run_state.h"

namespace jobexec::reporter {

// Thread-safe. No method's work grows with the number of events, except where it says so.
class Store {
 public:
  // Takes a Job as it is now. Ignored if a newer version of it is known (a watch may lag behind the
  // answer to our own patch). `inherited`: it was there before this process began to act.
  void ApplyJob(JobView view, bool inherited);

  // Takes a Job that was read by its name: any other Job that had this name is gone.
  void ReplaceJob(JobView view);

  // A Job was deleted; `last` is its last state, which is kept until the event is dropped.
  void RemoveJob(JobView last);

  // The API server says that there is no such Job (any more).
  void ConfirmGone(absl::string_view hash, absl::string_view name_space, absl::string_view name);

  // Changes the ledger of an anchor that is gone and cannot be patched any more.
  void SetGoneLedger(absl::string_view hash, absl::string_view uid, const runs::Ledger& ledger);

  void ApplyPod(PodView view);
  void RemovePod(const PodView& last);

  // Removes the Jobs (pods) of `name_space` (empty: of all) that a complete list at `list_version`
  // did not have. Returns the events that changed. Grows with the number of events.
  std::vector<std::string> RetainJobs(absl::string_view name_space,
                                      const absl::flat_hash_set<std::string>& uids,
                                      absl::string_view list_version);
  std::vector<std::string> RetainPods(absl::string_view name_space,
                                      const absl::flat_hash_set<std::string>& uids,
                                      absl::string_view list_version);

  // Everything of one event; nothing if it is not known.
  std::optional<EventSnapshot> Get(absl::string_view hash) const;

  // Drops the Jobs of an event, all of them gone.
  void Drop(absl::string_view hash);

  // Drops those of the event's Jobs that are gone: for who does not act, only what is there counts.
  void DropGone(absl::string_view hash);

  // The same for all events. Returns the events that are left. Grows with their number.
  std::vector<std::string> DropAllGone();

  // Calls `visit` with each anchor that is known, in no order and under the lock: quick and without
  // calls back into the store. Grows with the number of events.
  void ForEachAnchor(absl::FunctionRef<void(const JobPtr& anchor)> visit) const;

 private:
  struct Event {
    bool inherited = false;
    std::vector<JobPtr> jobs;
    std::vector<PodPtr> pods;
  };

  void PutJobLocked(JobPtr job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EraseIfEmptyLocked(absl::string_view hash) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void EraseGone(Event& event);

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Event> events_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::reporter
