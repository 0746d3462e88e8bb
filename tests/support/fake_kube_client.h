// A deliberately simple Kubernetes API in memory, for tests of what talks to it.
#pragma once

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/kube/kube_client.h"
#include "tests/support/fake_clock.h"

namespace jobexec::testing {

// Thread-safe. Verbs are "create", "get", "patch", "delete", "list", "update", "watch", "log",
// "stream log" and "readyz". Knows no schema, no status subresource and no controllers: tests play
// those by Put and Remove. Selectors: "a=b,c=d" and "a" (exists) on labels, field selectors on
// exact values
// ("involvedObject.uid=x"). Lists are one page and ignore `limit`.
class FakeKubeClient final : public kube::Client {
 public:
  // Creation and deletion times come from `clock`, which must outlive this; the default one stands.
  FakeKubeClient() : clock_(own_clock_) {}
  explicit FakeKubeClient(Clock& clock) : clock_(clock) {}

  // One call as it was made. `object` is the body of create and update, the operations of patch,
  // {"uid": ...} of delete, the selectors of list and watch.
  struct RecordedCall {
    std::string verb;
    std::string name_space;
    std::string plural;
    std::string name;
    nlohmann::json object;
  };

  // -- What a test prepares. --

  // Stores `object` as if a controller had written it: new or replaced, seen by watches. A missing
  // uid is made up. Returns what is stored.
  nlohmann::json Put(const kube::Collection& collection, nlohmann::json object);
  // Removes the object whatever its finalizers say; watches see it go. Nothing if it is not there.
  void Remove(const kube::Collection& collection, const std::string& name);
  // The next `count` calls of `verb` return `error` and do nothing else. Scripts of one verb queue
  // up.
  void FailNext(const std::string& verb, const absl::Status& error, int count = 1);
  // The next `count` calls of `verb` do their work and return `error` all the same, as if the
  // answer had been lost.
  void LoseAnswerOfNext(const std::string& verb, const absl::Status& error, int count = 1);
  void SetLog(const std::string& name_space, const std::string& pod, const std::string& container,
              std::string text);
  // The container has ended: who follows its log comes to the end.
  void EndLog(const std::string& name_space, const std::string& pod, const std::string& container);
  // Forgets the changes so far: watches from an older resourceVersion end with OUT_OF_RANGE.
  void ForgetHistory();
  // Ends the watches in progress with `status`; OK as the server does after its timeout.
  void EndWatches(absl::Status status = absl::OkStatus());

  // -- What a test looks at. --

  // null if there is none.
  nlohmann::json Find(const kube::Collection& collection, const std::string& name) const;
  // All objects, by namespace and name.
  std::vector<nlohmann::json> All(const kube::Collection& collection) const;
  std::vector<RecordedCall> Calls() const;
  // Calls of `verb`, failed ones included.
  int Count(const std::string& verb) const;
  void ForgetCalls();
  // Waits until `count` watches are blocked with nothing to deliver.
  void AwaitIdleWatches(int count) const;

  // -- kube::Client. Errors as there; a failing test of a patch is INVALID_ARGUMENT. --

  absl::Status Create(const kube::Collection& collection, absl::string_view body,
                      absl::Duration timeout) override;
  absl::StatusOr<nlohmann::json> Get(const kube::Collection& collection, absl::string_view name,
                                     absl::Duration timeout) override;
  absl::StatusOr<nlohmann::json> Patch(const kube::Collection& collection, absl::string_view name,
                                       const nlohmann::json& json_patch,
                                       absl::Duration timeout) override;
  absl::Status Delete(const kube::Collection& collection, absl::string_view name,
                      absl::string_view uid, absl::Duration timeout) override;
  absl::StatusOr<nlohmann::json> List(const kube::Collection& collection,
                                      const kube::ListOptions& options,
                                      absl::Duration timeout) override;
  absl::StatusOr<nlohmann::json> Update(const kube::Collection& collection, absl::string_view name,
                                        const nlohmann::json& object,
                                        absl::Duration timeout) override;
  // Delivers the changes after `resource_version` and those to come, until `stop` or EndWatches.
  // `timeout` and `idle_timeout` are ignored: no test waits for them.
  absl::Status Watch(const kube::Collection& collection, const kube::WatchOptions& options,
                     const absl::Notification& stop,
                     absl::FunctionRef<void(kube::WatchEventType, const nlohmann::json& object)>
                         on_event) override;
  absl::StatusOr<std::string> ReadLog(absl::string_view name_space, absl::string_view pod,
                                      absl::string_view container, int64_t limit_bytes,
                                      absl::Duration timeout) override;
  // Gives the text of SetLog as it stands, what comes later too if it is followed: time stamps are
  // the test's, `since` and `tail_lines` are only recorded.
  absl::Status StreamLog(absl::string_view name_space, absl::string_view pod,
                         const kube::LogOptions& options, const absl::Notification& stop,
                         absl::Duration idle_timeout,
                         absl::FunctionRef<bool(absl::string_view)> on_data) override;
  absl::Status CheckReady(absl::Duration timeout) override;

 private:
  // plural, namespace, name
  struct Key {
    std::string plural;
    std::string name_space;
    std::string name;
    bool operator<(const Key& other) const {
      return std::tie(plural, name_space, name) <
             std::tie(other.plural, other.name_space, other.name);
    }
  };
  struct Change {
    int64_t version;
    kube::WatchEventType type;
    Key key;
    nlohmann::json object;
  };
  // What a scripted call returns, and whether it does its work first.
  struct Script {
    absl::Status error;
    bool works;
  };

  // Records the call. Returns the script of this call, if there is one.
  std::optional<Script> Begin(RecordedCall call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  template <typename Work>
  auto Run(RecordedCall call, Work work) -> decltype(work());
  nlohmann::json Store(const Key& key, nlohmann::json object, kube::WatchEventType type)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Erase(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<nlohmann::json> Replace(const Key& key, nlohmann::json object)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasNews(const kube::Collection& collection, int64_t version, int64_t ended) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FakeClock own_clock_;
  Clock& clock_;
  mutable absl::Mutex mutex_;
  std::map<Key, nlohmann::json> objects_ ABSL_GUARDED_BY(mutex_);
  std::deque<Change> changes_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::deque<Script>> scripts_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, std::string> logs_ ABSL_GUARDED_BY(mutex_);  // container in `plural`
  std::set<Key> ended_logs_ ABSL_GUARDED_BY(mutex_);
  std::vector<RecordedCall> calls_ ABSL_GUARDED_BY(mutex_);
  int64_t version_ ABSL_GUARDED_BY(mutex_) = 0;    // of the last change
  int64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;  // versions up to this are not in changes_
  int64_t uids_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t watches_ended_ ABSL_GUARDED_BY(mutex_) = 0;  // calls of EndWatches
  absl::Status watch_end_ ABSL_GUARDED_BY(mutex_);
  int idle_watches_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace jobexec::testing
