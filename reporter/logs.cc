#include "reporter/logs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/json/json.h"
#include "reporter/log_text.h"

namespace jobexec::reporter {
namespace {

constexpr absl::Duration kReadTimeout = absl::Seconds(10);
// Pods of one task and events of one object that an answer looks at.
constexpr size_t kMaxPods = 10;
constexpr int kMaxEvents = 50;

bool HasLog(const ContainerView& container, bool failed) {
  return container.state == ContainerView::State::kTerminated ||
         (failed && container.state == ContainerView::State::kRunning);
}

bool EndedWell(const ContainerView& container) {
  return container.state == ContainerView::State::kTerminated && container.reason == "Completed";
}

// A termination message that only repeats the log's end says nothing.
bool Repeats(absl::string_view log, absl::string_view message) {
  return message.empty() || absl::StrContains(log, message);
}

std::string Header(const PodView& pod, const ContainerView& container, absl::string_view log) {
  std::string text = absl::StrCat("Container ", container.name, " of pod ", pod.name);
  if (EndedWell(container)) return text + ":\n";
  if (container.state == ContainerView::State::kRunning) {
    return text + " was still running when its log was read:\n";
  }
  absl::StrAppend(&text, " terminated with an error (Reason: ", container.reason);
  if (Repeats(log, container.message)) {
    absl::StrAppend(&text, ", ExitCode: ", container.exit_code, "):\n");
  } else {
    absl::StrAppend(&text, ", Message: ", container.message, "):\n");
  }
  return text;
}

std::string DescribeWaiting(const PodView& pod, const ContainerView& container) {
  return absl::StrCat("Container ", container.name, " of pod ", pod.name,
                      " did not start (Reason: ", container.reason,
                      ", Message: ", container.message, ")\n");
}

}  // namespace

std::string LogCollector::Collect(const TaskStatus& task, size_t limit) {
  if (task.job == nullptr) return "";
  const bool failed = task.state == TaskState::kFailed;
  std::string text;
  // Of many attempts the last ones tell most.
  const size_t first = task.pods.size() - std::min(task.pods.size(), kMaxPods);
  for (size_t i = first; i < task.pods.size(); ++i) {
    absl::StrAppend(&text, CollectPod(*task.pods[i], failed, limit));
  }
  if (failed) {
    const runs::JobRecord& job = task.job->record;
    std::string events = FailureEvents(job.name_space, "Job", job.name, job.uid);
    for (size_t i = first; i < task.pods.size(); ++i) {
      const PodView& pod = *task.pods[i];
      absl::StrAppend(&events, FailureEvents(pod.name_space, "Pod", pod.name, pod.uid));
    }
    if (!events.empty()) absl::StrAppend(&text, "\n", events);
  }
  return KeepHeadAndTail(text, limit + limit / 2);
}

std::string LogCollector::CollectPod(const PodView& pod, bool failed, size_t limit) {
  const bool with_init =
      std::any_of(pod.containers.begin(), pod.containers.end(),
                  [&](const ContainerView& c) { return HasLog(c, failed) && !EndedWell(c); });
  std::string text;
  for (const ContainerView& container : pod.containers) {
    if (container.init && !with_init) continue;
    if (HasLog(container, failed)) {
      absl::StrAppend(&text, ReadContainer(pod, container, limit));
    } else if (failed && !container.message.empty()) {
      absl::StrAppend(&text, DescribeWaiting(pod, container));
    }
  }
  return text;
}

std::string LogCollector::ReadContainer(const PodView& pod, const ContainerView& container,
                                        size_t limit) {
  const int64_t bytes = static_cast<int64_t>(limit);
  absl::StatusOr<std::string> log =
      client_.ReadLog(pod.name_space, pod.name, container.name, bytes, kReadTimeout);
  if (!log.ok() && IsTransient(log.status())) {
    log = client_.ReadLog(pod.name_space, pod.name, container.name, bytes, kReadTimeout);
  }
  const std::string text =
      log.ok() ? *std::move(log)
               : absl::StrCat("Unable to query logs of container: ", log.status().message());
  if (text.empty() && EndedWell(container)) return "";
  return absl::StrCat(Header(pod, container, text), text, "\n\n");
}

std::string LogCollector::FailureEvents(absl::string_view name_space, absl::string_view kind,
                                        absl::string_view name, absl::string_view uid) {
  kube::ListOptions options;
  options.field_selector = absl::StrCat("involvedObject.kind=", kind, ",involvedObject.name=", name,
                                        ",involvedObject.uid=", uid);
  options.limit = kMaxEvents;
  const absl::StatusOr<nlohmann::json> list =
      client_.List(kube::Events(name_space), options, kReadTimeout);
  if (!list.ok()) {
    return absl::StrCat("Unable to query events of ", kind, " ", name, ": ",
                        list.status().message(), "\n");
  }
  std::string text;
  const nlohmann::json* items = json::Find(*list, "items");
  if (items == nullptr || !items->is_array()) return text;
  for (const nlohmann::json& event : *items) {
    const std::string reason = json::GetString(event, "reason");
    if (!absl::StartsWith(reason, "Failed")) continue;
    absl::StrAppend(&text, reason, ": ", json::GetString(event, "message"), "\n");
  }
  return text;
}

}  // namespace jobexec::reporter
