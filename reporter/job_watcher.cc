#include "reporter/job_watcher.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "common/base/backoff.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/telemetry/log.h"

namespace jobexec::reporter {
namespace {

using Json = nlohmann::json;
using kube::WatchEventType;

constexpr absl::Duration kListTimeout = absl::Seconds(60);
// Bookmarks come about once a minute.
constexpr absl::Duration kIdleTimeout = absl::Seconds(90);
// The server ends a watch after a random time in between, so that watches spread.
constexpr absl::Duration kMinWatch = absl::Minutes(5);
constexpr absl::Duration kMaxWatch = absl::Minutes(10);
constexpr absl::Duration kFirstPause = absl::Milliseconds(800);
constexpr absl::Duration kLongestWatchPause = absl::Seconds(30);
// A watch that lived as long was a success.
constexpr absl::Duration kGoodWatch = absl::Seconds(5);

// The server does not know (any more) the place where the watch was to go on, or cannot get past
// it.
bool MustList(const absl::Status& status) {
  return absl::IsOutOfRange(status) || absl::IsInvalidArgument(status) ||
         absl::IsResourceExhausted(status);
}

kube::Collection CollectionOf(JobWatcher::Resource resource, absl::string_view name_space) {
  return resource == JobWatcher::Resource::kJobs ? kube::Jobs(name_space) : kube::Pods(name_space);
}

std::string VersionOf(const Json& object) {
  const Json* version = json::FindPath(object, {"metadata", "resourceVersion"});
  return version != nullptr && version->is_string() ? version->get<std::string>() : "";
}

std::string UidOf(const Json& object) {
  const Json* uid = json::FindPath(object, {"metadata", "uid"});
  return uid != nullptr && uid->is_string() ? uid->get<std::string>() : "";
}

void WarnUnreadable(absl::string_view resource, const absl::Status& status) {
  log::Warning("ignoring an object that is not as jobexec writes it",
               {{"resource", std::string(resource)}, {"error", std::string(status.message())}});
}

}  // namespace

JobWatcher::JobWatcher(Resource resource, std::string name_space, const std::string& installation,
                       Parts parts)
    : resource_(resource),
      name_space_(std::move(name_space)),
      collection_(CollectionOf(resource, name_space_)),
      selector_(absl::StrCat(runs::kInstallationLabel, "=", installation)),
      parts_(parts) {}

void JobWatcher::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  InterruptLocked();
}

void JobWatcher::ListAgain() {
  absl::MutexLock lock(&mutex_);
  ++wanted_;
  InterruptLocked();
}

void JobWatcher::InterruptLocked() {
  if (interrupt_ != nullptr && !interrupt_->HasBeenNotified()) interrupt_->Notify();
}

// Null after Stop. What was asked for before is seen in the round, what comes later ends it.
const absl::Notification* JobWatcher::BeginRound() {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return nullptr;
  interrupt_ = std::make_unique<absl::Notification>();
  return interrupt_.get();
}

void JobWatcher::Run() {
  Backoff pause(kFirstPause, kLongestWatchPause);
  while (const absl::Notification* interrupt = BeginRound()) {
    const absl::Duration start = parts_.clock.Elapsed();
    if (!current()) version_.clear();
    absl::Status status = version_.empty() ? ListAll() : absl::OkStatus();
    if (status.ok()) status = WatchOn(*interrupt);
    if (interrupt->HasBeenNotified()) {
      pause.Reset();
      continue;
    }
    if (MustList(status)) version_.clear();
    if (parts_.clock.Elapsed() - start >= kGoodWatch) {
      pause.Reset();
      if (status.ok()) continue;
    }
    const absl::Duration delay = pause.Next();
    if (!status.ok()) {
      log::Warning("watch interrupted", {{"resource", std::string(name())},
                                         {"namespace", name_space_},
                                         {"after", absl::FormatDuration(delay)},
                                         {"error", status.ToString()}});
    }
    parts_.clock.WaitOrStop(*interrupt, delay);
  }
}

absl::Status JobWatcher::ListAll() {
  const uint64_t number = wanted_;
  if (synced()) parts_.metrics.CountRelist(name());
  absl::flat_hash_set<std::string> uids;
  std::string token;
  do {
    std::string next;
    RETURN_IF_ERROR(ListPage(token, uids, next));
    token = std::move(next);
  } while (!token.empty());
  const std::vector<std::string> changed =
      resource_ == Resource::kJobs ? parts_.store.RetainJobs(name_space_, uids, version_)
                                   : parts_.store.RetainPods(name_space_, uids, version_);
  for (const std::string& hash : changed) parts_.queue.Add(hash);
  listed_ = number;
  return absl::OkStatus();
}

// Pages of one list are of one moment; the last one leaves its version in version_.
absl::Status JobWatcher::ListPage(const std::string& continue_token,
                                  absl::flat_hash_set<std::string>& uids, std::string& next_token) {
  kube::ListOptions options;
  options.label_selector = selector_;
  options.continue_token = continue_token;
  ASSIGN_OR_RETURN(const Json list, parts_.kube.List(collection_, options, kListTimeout));
  const Json* items = json::Find(list, "items");
  if (items != nullptr && items->is_array()) {
    for (const Json& item : *items) {
      uids.insert(UidOf(item));
      Take(WatchEventType::kAdded, item);
    }
  }
  const Json* metadata = json::Find(list, "metadata");
  next_token = metadata == nullptr ? "" : json::GetString(*metadata, "continue");
  if (next_token.empty()) version_ = VersionOf(list);
  return absl::OkStatus();
}

absl::Status JobWatcher::WatchOn(const absl::Notification& interrupt) {
  absl::BitGen random;
  kube::WatchOptions options;
  options.label_selector = selector_;
  options.resource_version = version_;
  options.timeout = absl::Seconds(
      absl::Uniform(random, absl::ToInt64Seconds(kMinWatch), absl::ToInt64Seconds(kMaxWatch)));
  options.idle_timeout = kIdleTimeout;
  return parts_.kube.Watch(collection_, options, interrupt,
                           [this](WatchEventType type, const Json& object) {
                             parts_.metrics.CountWatchEvent(name());
                             if (type != WatchEventType::kBookmark) Take(type, object);
                             const std::string version = VersionOf(object);
                             if (!version.empty()) version_ = version;
                           });
}

void JobWatcher::Take(WatchEventType type, const Json& object) {
  if (resource_ == Resource::kJobs) {
    TakeJob(type, object);
  } else {
    TakePod(type, object);
  }
}

void JobWatcher::TakeJob(WatchEventType type, const Json& object) {
  absl::StatusOr<JobView> view = ReadJobView(object);
  if (!view.ok()) return WarnUnreadable(name(), view.status());
  const std::string hash = view->record.event_hash;
  if (type == WatchEventType::kDeleted) {
    parts_.store.RemoveJob(*std::move(view));
  } else {
    parts_.store.ApplyJob(*std::move(view), /*inherited=*/!current());
  }
  parts_.queue.Add(hash);
}

void JobWatcher::TakePod(WatchEventType type, const Json& object) {
  absl::StatusOr<PodView> view = ReadPodView(object);
  if (!view.ok()) return WarnUnreadable(name(), view.status());
  const std::string hash = view->event_hash;
  if (type == WatchEventType::kDeleted) {
    parts_.store.RemovePod(*view);
  } else {
    parts_.store.ApplyPod(*std::move(view));
  }
  parts_.queue.Add(hash);
}

}  // namespace jobexec::reporter
