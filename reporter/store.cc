#include "reporter/store.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"

namespace jobexec::reporter {
namespace {

// Kubernetes compares resourceVersions of one resource as numbers (they are revisions of etcd). One
// that is no number counts as newer.
bool IsOlder(absl::string_view version, absl::string_view known) {
  uint64_t a = 0;
  uint64_t b = 0;
  return absl::SimpleAtoi(version, &a) && absl::SimpleAtoi(known, &b) && a < b;
}

bool IsAnchor(const JobView& job) { return job.record.role != runs::Role::kMember; }

JobPtr Gone(JobView view) {
  view.gone = true;
  return std::make_shared<const JobView>(std::move(view));
}

bool InNamespace(absl::string_view name_space, absl::string_view wanted) {
  return wanted.empty() || name_space == wanted;
}

}  // namespace

void Store::PutJobLocked(JobPtr job) {
  std::vector<JobPtr>& jobs = events_[job->record.event_hash].jobs;
  for (JobPtr& known : jobs) {
    if (known->record.uid != job->record.uid) continue;
    if (known->gone || IsOlder(job->record.resource_version, known->record.resource_version)) {
      if (!job->gone || known->gone) return;
    }
    known = std::move(job);
    return;
  }
  jobs.push_back(std::move(job));
}

void Store::ApplyJob(JobView view, bool inherited) {
  absl::MutexLock lock(&mutex_);
  Event& event = events_[view.record.event_hash];
  if (IsAnchor(view)) {
    // The same event anew, after its first anchor was removed: a life of its own.
    const auto stale = std::remove_if(event.jobs.begin(), event.jobs.end(), [&](const JobPtr& job) {
      return job->gone && IsAnchor(*job) && job->record.uid != view.record.uid;
    });
    if (stale != event.jobs.end()) event.inherited = false;
    event.jobs.erase(stale, event.jobs.end());
    event.inherited |= inherited;
  }
  PutJobLocked(std::make_shared<const JobView>(std::move(view)));
}

void Store::ReplaceJob(JobView view) {
  {
    absl::MutexLock lock(&mutex_);
    for (JobPtr& job : events_[view.record.event_hash].jobs) {
      const bool same_name =
          job->record.name == view.record.name && job->record.name_space == view.record.name_space;
      if (same_name && job->record.uid != view.record.uid && !job->gone) job = Gone(*job);
    }
  }
  ApplyJob(std::move(view), false);
}

void Store::RemoveJob(JobView last) {
  absl::MutexLock lock(&mutex_);
  PutJobLocked(Gone(std::move(last)));
}

void Store::ConfirmGone(absl::string_view hash, absl::string_view name_space,
                        absl::string_view name) {
  absl::MutexLock lock(&mutex_);
  std::vector<JobPtr>& jobs = events_[std::string(hash)].jobs;
  bool known = false;
  for (JobPtr& job : jobs) {
    if (job->record.name != name || job->record.name_space != name_space) continue;
    if (!job->gone) job = Gone(*job);
    known = true;
  }
  if (known) return;
  JobView view;
  view.record.event_hash = std::string(hash);
  view.record.name_space = std::string(name_space);
  view.record.name = std::string(name);
  jobs.push_back(Gone(std::move(view)));
}

void Store::SetGoneLedger(absl::string_view hash, absl::string_view uid,
                          const runs::Ledger& ledger) {
  absl::MutexLock lock(&mutex_);
  const auto event = events_.find(hash);
  if (event == events_.end()) return;
  for (JobPtr& job : event->second.jobs) {
    if (!job->gone || job->record.uid != uid) continue;
    JobView view = *job;
    view.record.ledger = ledger;
    job = Gone(std::move(view));
  }
}

void Store::ApplyPod(PodView view) {
  absl::MutexLock lock(&mutex_);
  std::vector<PodPtr>& pods = events_[view.event_hash].pods;
  auto pod = std::make_shared<const PodView>(std::move(view));
  for (PodPtr& known : pods) {
    if (known->uid != pod->uid) continue;
    if (!IsOlder(pod->resource_version, known->resource_version)) known = std::move(pod);
    return;
  }
  pods.push_back(std::move(pod));
}

void Store::RemovePod(const PodView& last) {
  absl::MutexLock lock(&mutex_);
  const auto event = events_.find(last.event_hash);
  if (event == events_.end()) return;
  std::vector<PodPtr>& pods = event->second.pods;
  pods.erase(std::remove_if(pods.begin(), pods.end(),
                            [&](const PodPtr& pod) { return pod->uid == last.uid; }),
             pods.end());
  EraseIfEmptyLocked(last.event_hash);
}

void Store::EraseIfEmptyLocked(absl::string_view hash) {
  const auto event = events_.find(hash);
  if (event == events_.end()) return;
  if (event->second.jobs.empty() && event->second.pods.empty()) events_.erase(event);
}

std::vector<std::string> Store::RetainJobs(absl::string_view name_space,
                                           const absl::flat_hash_set<std::string>& uids,
                                           absl::string_view list_version) {
  std::vector<std::string> changed;
  absl::MutexLock lock(&mutex_);
  for (auto& [hash, event] : events_) {
    bool any = false;
    for (JobPtr& job : event.jobs) {
      const runs::JobRecord& record = job->record;
      if (job->gone || !InNamespace(record.name_space, name_space) || uids.contains(record.uid) ||
          IsOlder(list_version, record.resource_version)) {
        continue;
      }
      job = Gone(*job);
      any = true;
    }
    if (any) changed.push_back(hash);
  }
  return changed;
}

std::vector<std::string> Store::RetainPods(absl::string_view name_space,
                                           const absl::flat_hash_set<std::string>& uids,
                                           absl::string_view list_version) {
  std::vector<std::string> changed;
  absl::MutexLock lock(&mutex_);
  for (auto& [hash, event] : events_) {
    const auto removed =
        std::remove_if(event.pods.begin(), event.pods.end(), [&](const PodPtr& pod) {
          return InNamespace(pod->name_space, name_space) && !uids.contains(pod->uid) &&
                 !IsOlder(list_version, pod->resource_version);
        });
    if (removed == event.pods.end()) continue;
    event.pods.erase(removed, event.pods.end());
    changed.push_back(hash);
  }
  for (const std::string& hash : changed) EraseIfEmptyLocked(hash);
  return changed;
}

std::optional<EventSnapshot> Store::Get(absl::string_view hash) const {
  absl::MutexLock lock(&mutex_);
  const auto event = events_.find(hash);
  if (event == events_.end()) return std::nullopt;
  return EventSnapshot{.hash = std::string(hash),
                       .inherited = event->second.inherited,
                       .jobs = event->second.jobs,
                       .pods = event->second.pods};
}

void Store::Drop(absl::string_view hash) {
  absl::MutexLock lock(&mutex_);
  const auto event = events_.find(hash);
  if (event == events_.end()) return;
  std::vector<JobPtr>& jobs = event->second.jobs;
  const auto gone = [](const JobPtr& job) { return job->gone; };
  // A Job may have appeared since the caller looked.
  if (std::all_of(jobs.begin(), jobs.end(), gone)) jobs.clear();
  EraseIfEmptyLocked(hash);
}

void Store::EraseGone(Event& event) {
  event.jobs.erase(std::remove_if(event.jobs.begin(), event.jobs.end(),
                                  [](const JobPtr& job) { return job->gone; }),
                   event.jobs.end());
}

void Store::DropGone(absl::string_view hash) {
  absl::MutexLock lock(&mutex_);
  const auto event = events_.find(hash);
  if (event == events_.end()) return;
  EraseGone(event->second);
  EraseIfEmptyLocked(hash);
}

std::vector<std::string> Store::DropAllGone() {
  std::vector<std::string> left;
  absl::MutexLock lock(&mutex_);
  for (auto event = events_.begin(); event != events_.end();) {
    EraseGone(event->second);
    const bool is_empty = event->second.jobs.empty() && event->second.pods.empty();
    if (!is_empty) left.push_back(event->first);
    const auto present = event++;
    if (is_empty) events_.erase(present);
  }
  return left;
}

void Store::ForEachAnchor(absl::FunctionRef<void(const JobPtr& anchor)> visit) const {
  absl::MutexLock lock(&mutex_);
  for (const auto& [hash, event] : events_) {
    for (const JobPtr& job : event.jobs) {
      if (IsAnchor(*job) && !job->gone) visit(job);
    }
  }
}

}  // namespace jobexec::reporter
