// What the reporter does by itself, without being called: it watches, and if it leads it acts.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "reporter/job_watcher.h"
#include "reporter/leadership.h"
#include "reporter/metrics.h"
#include "reporter/reconciler.h"
#include "reporter/run_feed.h"
#include "reporter/store.h"
#include "reporter/work_queue.h"

namespace jobexec::reporter {

// Every process watches, so that a standby knows the cluster when its turn comes and answers reads.
// One acts:
//
//   takes over   lists everything anew (a watch may be behind), takes what is there as inherited,
//                and only then acts. What appears later is its own.
//   steps down   sends nothing more, resets its connections, waits for its workers, forgets
//                whatever it knew beyond etcd.
//
// Thread-safe.
class Engine {
 public:
  struct Options {
    std::vector<std::string> namespaces;  // one empty name: all
    std::string installation;
    int workers = 1;
  };

  // Everything given by reference must outlive the engine.
  struct Parts {
    kube::Client& kube;  // for watching; what acts has clients of its own
    Store& store;
    WorkQueue& queue;
    RunFeed& feed;
    Reconciler& reconciler;
    Leadership& leadership;
    Metrics& metrics;
    Clock& clock;
    std::function<void()> reset_connections;  // of what acts
    std::function<void()> on_synced;          // once, when the first lists are complete
  };

  Engine(const Options& options, Parts parts);

  // Same as Stop.
  ~Engine();

  void Start();

  // Finishes what workers are doing (at most about 30 s), then gives the leadership away.
  // Idempotent.
  void Stop();

  // True once everything has been listed.
  bool Synced() const;

 private:
  void Work();
  void Tick();
  void FollowLeadership();
  void TakeOver(uint64_t term);
  void StepDown();
  bool AllCurrent() const;

  const Options options_;
  const Parts parts_;
  std::vector<std::unique_ptr<JobWatcher>> watchers_;
  uint64_t preparing_term_ = 0;  // of the tick's thread: the term for which lists were asked for
  // Held for reading while an event is worked on, so that who holds it for writing knows that
  // nothing is.
  absl::Mutex work_mutex_;
  absl::Notification stop_;
  absl::Mutex stop_mutex_;  // one Stop at a time
  std::vector<std::thread> threads_;
};

}  // namespace jobexec::reporter
