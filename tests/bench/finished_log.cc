#include "tests/bench/finished_log.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "tests/support/poll.h"

namespace jobexec::bench {

absl::StatusOr<std::unique_ptr<FinishedLog>> FinishedLog::Start() {
  auto log = std::unique_ptr<FinishedLog>(new FinishedLog);
  ASSIGN_OR_RETURN(log->sink_, testing::EventSink::Start(
                                   "127.0.0.1", 0, [l = log.get()](const nlohmann::json& event) {
                                     l->Note(event);
                                   }));
  return log;
}

std::string FinishedLog::Url() const {
  return absl::StrCat("http://127.0.0.1:", sink_->port(), "/");
}

void FinishedLog::Note(const nlohmann::json& event) {
  if (!absl::EndsWith(json::GetString(event, "type"), ".finished")) return;
  const nlohmann::json* data = json::Find(event, "data");
  const Finished finished{RealClock().Elapsed(),
                          data == nullptr ? "" : json::GetString(*data, "result")};
  absl::MutexLock lock(&mutex_);
  finished_.emplace(json::GetString(event, "triggeredid"), finished);
}

size_t FinishedLog::Count(const std::vector<std::string>& event_ids) const {
  absl::MutexLock lock(&mutex_);
  return static_cast<size_t>(
      std::count_if(event_ids.begin(), event_ids.end(), [this](const std::string& id) {
        mutex_.AssertHeld();
        return finished_.contains(id);
      }));
}

absl::Status FinishedLog::Await(const std::vector<std::string>& event_ids,
                                absl::Duration timeout) const {
  const bool all =
      testing::PollUntil([&] { return Count(event_ids) == event_ids.size(); }, timeout);
  if (all) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("only ", Count(event_ids), " of ", event_ids.size(), " events were finished"));
}

absl::StatusOr<ParallelResult> FinishedLog::TimesOf(
    const std::vector<std::string>& event_ids, const std::vector<absl::Duration>& starts) const {
  ParallelResult times{.starts = starts, .ends = {}};
  absl::MutexLock lock(&mutex_);
  for (const std::string& id : event_ids) {
    const auto found = finished_.find(id);
    if (found == finished_.end() || found->second.result != "pass") {
      return absl::InternalError(absl::StrCat("event ", id, " has no .finished with result pass"));
    }
    times.ends.push_back(found->second.time);
  }
  return times;
}

}  // namespace jobexec::bench
