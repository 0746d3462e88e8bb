#include "reporter/log_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/runs/names.h"
#include "reporter/log_lines.h"

namespace jobexec::reporter {
namespace {

using ::jobexecutor::v1::LogContainer;
using ::jobexecutor::v1::StreamLogsRequest;
using ::jobexecutor::v1::StreamLogsResponse;

// How often the state of what is waited for is looked at.
constexpr absl::Duration kPoll = absl::Seconds(1);
// A followed log may be silent for longer: it is then opened again.
constexpr absl::Duration kIdle = absl::Minutes(2);
constexpr size_t kMaxChunk = 64 * 1024;
constexpr int64_t kMaxTailLines = 1'000'000;
// Errors in a row that end a stream.
constexpr int kMaxErrors = 5;

absl::StatusOr<absl::Time> AfterOf(const StreamLogsRequest& request) {
  if (!request.has_after()) return absl::InfinitePast();
  const auto& after = request.after();
  if (after.nanos() < 0 || after.nanos() > 999'999'999 || after.seconds() < 0) {
    return absl::InvalidArgumentError("after is no instant since 1970");
  }
  return absl::FromUnixSeconds(after.seconds()) + absl::Nanoseconds(after.nanos());
}

std::string JobOf(const runs::ManifestEntry& entry) {
  return absl::StrCat(entry.name_space, "/", entry.job);
}

bool IsOver(const TaskStatus& task) {
  return task.state == TaskState::kPassed || task.state == TaskState::kFailed ||
         task.state == TaskState::kSkipped;
}

bool IsWanted(const ContainerView& container, LogContainer wanted) {
  if (wanted == LogContainer::LOG_CONTAINER_ALL) return true;
  return container.init == (wanted == LogContainer::LOG_CONTAINER_INIT);
}

// What is said of a task that has no log.
std::string Describe(const TaskStatus& task) {
  switch (task.state) {
    case TaskState::kUnseen:
    case TaskState::kPlanned:
      return "the task has not begun";
    case TaskState::kSkipped:
      return "the task did not run because an earlier task failed";
    case TaskState::kRunning:
      return "no container of the task has begun";
    case TaskState::kPassed:
      return "the task has passed; its log is gone with its pod";
    case TaskState::kFailed:
      break;
  }
  return task.message;
}

// One container's log on its way.
struct Source {
  PodPtr pod;
  ContainerView container;

  std::string Key() const { return absl::StrCat(pod->uid, "/", container.name); }
  bool IsRunning() const { return container.state == ContainerView::State::kRunning; }
};

// One call of Read.
class Session {
 public:
  Session(const LogReader::Parts& parts, const StreamLogsRequest& request,
          const absl::Notification& stop, LogReader::Send send)
      : parts_(parts), request_(request), stop_(stop), send_(send) {}

  absl::Status Run() {
    RETURN_IF_ERROR(Prepare());
    ASSIGN_OR_RETURN(const RunStatus run, FindRun());
    if (!run.refusal.empty()) return Note(absl::StrCat("the run was refused: ", run.refusal));
    ASSIGN_OR_RETURN(const std::vector<runs::ManifestEntry> entries, SelectTasks(run));
    for (const runs::ManifestEntry& entry : entries) RETURN_IF_ERROR(ReadTask(entry));
    return absl::OkStatus();
  }

 private:
  // How far one container has been read.
  struct Progress {
    absl::Time time = absl::InfinitePast();  // of the last line sent
    bool opened = false;
    bool done = false;
  };

  absl::Status Prepare() {
    if (request_.tail_lines() < 0 || request_.tail_lines() > kMaxTailLines) {
      return absl::InvalidArgumentError(
          absl::StrCat("tail_lines is ", request_.tail_lines(), ", expected 0 to ", kMaxTailLines));
    }
    ASSIGN_OR_RETURN(after_, AfterOf(request_));
    hash_ = request_.run().substr(0, request_.run().find('-'));
    return absl::OkStatus();
  }

  absl::StatusOr<RunStatus> FindRun() const {
    const std::optional<EventSnapshot> snapshot = parts_.store.Get(hash_);
    if (snapshot.has_value()) {
      const EventState state = Fold(*snapshot);
      if (state.anchor != nullptr && state.anchor->record.refused &&
          request_.run() == runs::RunName(hash_, 0)) {
        return RunStatus{.refusal = state.anchor->record.refusal.message};
      }
      for (const RunStatus& run : state.runs) {
        if (runs::RunName(hash_, run.action) == request_.run()) return run;
      }
    }
    return absl::NotFoundError(absl::StrCat("no run is called \"", request_.run(), "\""));
  }

  absl::StatusOr<std::vector<runs::ManifestEntry>> SelectTasks(const RunStatus& run) const {
    std::vector<runs::ManifestEntry> entries;
    for (const TaskStatus& task : run.tasks) {
      const bool selected = request_.task().empty() || request_.task() == task.entry.task_name ||
                            request_.task() == JobOf(task.entry);
      if (selected) entries.push_back(task.entry);
    }
    if (!entries.empty() || request_.task().empty()) return entries;
    return absl::NotFoundError(
        absl::StrCat("run ", request_.run(), " has no task \"", request_.task(), "\"; its tasks: ",
                     absl::StrJoin(run.tasks, ", ", [](std::string* out, const TaskStatus& task) {
                       out->append(task.entry.task_name);
                     })));
  }

  std::optional<TaskStatus> FindTask(const runs::ManifestEntry& entry) const {
    absl::StatusOr<RunStatus> run = FindRun();
    if (!run.ok()) return std::nullopt;
    for (TaskStatus& task : run->tasks) {
      if (task.entry.job == entry.job) return std::move(task);
    }
    return std::nullopt;
  }

  absl::Status ReadTask(const runs::ManifestEntry& entry) {
    header_ = StreamLogsResponse();
    header_.set_task(entry.task_name);
    header_.set_job(JobOf(entry));
    read_any_ = false;
    while (true) {
      const std::optional<TaskStatus> task = FindTask(entry);
      if (!task.has_value()) return Note("the task's Job is gone");
      if (const std::optional<Source> source = NextSource(*task)) {
        RETURN_IF_ERROR(ReadContainer(*source));
        continue;
      }
      if (IsOver(*task) || !request_.follow()) return EndTask(*task);
      RETURN_IF_ERROR(Wait());
    }
  }

  // The first container that may be read now; those before it have been read to their end.
  std::optional<Source> NextSource(const TaskStatus& task) {
    for (const PodPtr& pod : task.pods) {
      for (const ContainerView& container : pod->containers) {
        if (!IsWanted(container, request_.container()) ||
            container.state == ContainerView::State::kWaiting) {
          continue;
        }
        Source source{pod, container};
        if (!progress_[source.Key()].done) return source;
      }
    }
    return std::nullopt;
  }

  // Reads on from where it was left. A container that ran when its log was opened is looked at once
  // more after its end: a stream that ends says nothing about why.
  absl::Status ReadContainer(const Source& source) {
    Progress& progress = progress_[source.Key()];
    header_.set_pod(source.pod->name);
    header_.set_container(source.container.init ? LogContainer::LOG_CONTAINER_INIT
                                                : LogContainer::LOG_CONTAINER_TASK);
    const absl::Status status = Stream(source, progress);
    if (stop_.HasBeenNotified() || refused_) return absl::CancelledError("the stream was ended");
    const bool follows = request_.follow() && source.IsRunning();
    if (status.ok()) {
      errors_ = 0;
      read_any_ = true;
      progress.done = !follows;
      return follows ? Wait() : absl::OkStatus();
    }
    if (follows && absl::IsDeadlineExceeded(status)) return absl::OkStatus();
    return HandleError(status, follows, progress);
  }

  absl::Status HandleError(const absl::Status& status, bool follows, Progress& progress) {
    const bool is_missing = absl::IsNotFound(status) || absl::IsInvalidArgument(status);
    if (is_missing && !follows) {
      progress.done = true;
      return Note(absl::StrCat("the log cannot be read: ", status.message()));
    }
    if (!is_missing && !IsTransient(status)) return status;
    if (++errors_ >= kMaxErrors) return absl::UnavailableError(status.message());
    return Wait();
  }

  absl::Status Stream(const Source& source, Progress& progress) {
    kube::LogOptions options;
    options.container = source.container.name;
    options.follow = request_.follow() && source.IsRunning();
    options.timestamps = true;
    options.since = std::max(progress.time, after_);
    if (!progress.opened && request_.tail_lines() > 0) options.tail_lines = request_.tail_lines();
    LogLines lines;
    const auto take = [&](const LogLine& line) { TakeLine(line, options.since, progress); };
    absl::Status status = parts_.kube.StreamLog(source.pod->name_space, source.pod->name, options,
                                                stop_, kIdle, [&](absl::string_view data) {
                                                  progress.opened = true;
                                                  errors_ = 0;
                                                  lines.Feed(data, take);
                                                  return Flush();
                                                });
    if (status.ok()) lines.End(take);
    (void)Flush();
    return status;
  }

  // The API knows only whole seconds: lines up to `since` are dropped here.
  void TakeLine(const LogLine& line, absl::Time since, Progress& progress) {
    if (line.time.has_value() && *line.time <= since) return;
    std::string& data = *pending_.mutable_data();
    if (!data.empty() && data.size() + line.text.size() > kMaxChunk) (void)Flush();
    pending_.mutable_data()->append(line.text.data(), line.text.size());
    if (!line.time.has_value()) return;
    progress.time = std::max(progress.time, *line.time);
    const int64_t nanos = absl::ToUnixNanos(*line.time);
    pending_.mutable_time()->set_seconds(nanos / 1'000'000'000);
    pending_.mutable_time()->set_nanos(static_cast<int>(nanos % 1'000'000'000));
  }

  // Sends what has been gathered. False: no more is wanted.
  bool Flush() {
    if (pending_.data().empty()) return !refused_;
    StreamLogsResponse message = std::exchange(pending_, StreamLogsResponse());
    message.MergeFrom(header_);
    if (!refused_) refused_ = !send_(std::move(message));
    return !refused_;
  }

  // What is known beyond the logs that could be read.
  absl::Status EndTask(const TaskStatus& task) {
    header_.clear_pod();
    header_.clear_container();
    if (read_any_) {
      return task.state == TaskState::kFailed ? Note(task.message) : absl::OkStatus();
    }
    RETURN_IF_ERROR(Note(Describe(task)));
    const std::string kept = task.job == nullptr ? "" : parts_.archive.Get(task.job->record.uid);
    if (kept.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(Note("its log as it was taken before its pod went:"));
    for (size_t from = 0; from < kept.size(); from += kMaxChunk) {
      pending_.set_data(kept.substr(from, kMaxChunk));
      if (!Flush()) return absl::CancelledError("the stream was ended");
    }
    return absl::OkStatus();
  }

  absl::Status Note(absl::string_view text) {
    StreamLogsResponse message = header_;
    message.set_note(std::string(text));
    if (refused_ || !send_(std::move(message))) {
      refused_ = true;
      return absl::CancelledError("the stream was ended");
    }
    return absl::OkStatus();
  }

  absl::Status Wait() {
    if (!parts_.clock.WaitOrStop(stop_, kPoll)) return absl::OkStatus();
    return absl::CancelledError("the stream was ended");
  }

  const LogReader::Parts& parts_;
  const StreamLogsRequest& request_;
  const absl::Notification& stop_;
  LogReader::Send send_;
  std::string hash_;
  absl::Time after_ = absl::InfinitePast();
  StreamLogsResponse header_;   // what all messages of the present container have
  StreamLogsResponse pending_;  // lines that have not been sent yet
  std::map<std::string, Progress> progress_;
  bool read_any_ = false;  // of the present task
  bool refused_ = false;   // by `send_`
  int errors_ = 0;         // in a row
};

}  // namespace

absl::Status LogReader::Read(const StreamLogsRequest& request, const absl::Notification& stop,
                             Send send) {
  return Session(parts_, request, stop, send).Run();
}

}  // namespace jobexec::reporter
