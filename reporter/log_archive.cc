#include "reporter/log_archive.h"

#include <utility>

namespace jobexec::reporter {

void LogArchive::Put(absl::string_view job_uid, std::string text) {
  if (text.empty() || text.size() > max_bytes_) return;
  absl::MutexLock lock(&mutex_);
  if (const auto known = index_.find(job_uid); known != index_.end()) {
    bytes_ -= known->second->text.size();
    entries_.erase(known->second);
    index_.erase(known);
  }
  bytes_ += text.size();
  entries_.push_back({std::string(job_uid), std::move(text)});
  index_[entries_.back().job_uid] = std::prev(entries_.end());
  while (bytes_ > max_bytes_) {
    bytes_ -= entries_.front().text.size();
    index_.erase(entries_.front().job_uid);
    entries_.pop_front();
  }
}

std::string LogArchive::Get(absl::string_view job_uid) const {
  absl::MutexLock lock(&mutex_);
  const auto found = index_.find(job_uid);
  return found == index_.end() ? "" : found->second->text;
}

}  // namespace jobexec::reporter
