// Keeps the store in step with the cluster: lists, then watches from there.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "reporter/metrics.h"
#include "reporter/store.h"
#include "reporter/work_queue.h"

namespace jobexec::reporter {

// Watches the Jobs or the pods of one namespace, or of all. Run takes a thread of its own; the
// other methods are thread-safe.
class JobWatcher {
 public:
  enum class Resource { kJobs, kPods };

  // Everything given by reference must outlive the watcher.
  struct Parts {
    kube::Client& kube;
    Store& store;
    WorkQueue& queue;
    Metrics& metrics;
    Clock& clock;
  };

  // `name_space`: empty for all. `installation`: the label by which our Jobs and pods are found.
  JobWatcher(Resource resource, std::string name_space, const std::string& installation,
             Parts parts);

  // Until Stop. Broken watches are reopened where they broke off; if the server has forgotten that
  // place (410), everything is listed again and what is missing counts as deleted. A watch in which
  // nothing was heard for 90 s, not even a bookmark, is reopened too.
  void Run();

  // Run returns within about a second (a list in progress is finished before).
  void Stop();

  // Everything is listed anew, and the watch goes on from there. Anchors that are seen before the
  // list is complete count as inherited.
  void ListAgain();

  // True once the first list is complete.
  bool synced() const { return listed_ != 0; }

  // True if a list that was begun after the last ListAgain is complete.
  bool current() const { return listed_ == wanted_; }

 private:
  const absl::Notification* BeginRound();
  void InterruptLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ListAll();
  absl::Status ListPage(const std::string& continue_token, absl::flat_hash_set<std::string>& uids,
                        std::string& next_token);
  absl::Status WatchOn(const absl::Notification& interrupt);
  void Take(kube::WatchEventType type, const nlohmann::json& object);
  void TakeJob(kube::WatchEventType type, const nlohmann::json& object);
  void TakePod(kube::WatchEventType type, const nlohmann::json& object);
  absl::string_view name() const { return resource_ == Resource::kJobs ? "jobs" : "pods"; }

  const Resource resource_;
  const std::string name_space_;
  const kube::Collection collection_;
  const std::string selector_;
  const Parts parts_;
  std::string version_;               // where to watch on; empty: list first
  std::atomic<uint64_t> wanted_ = 1;  // number of the list that is wanted
  std::atomic<uint64_t> listed_ = 0;  // of the last one that is complete
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // Ends the present watch or pause; replaced by Run alone.
  std::unique_ptr<absl::Notification> interrupt_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::reporter
