#include "reporter/results.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/json/json.h"

namespace jobexec::reporter {
namespace {

using Json = nlohmann::json;

// Kubernetes keeps the last 4096 bytes of a longer file.
constexpr size_t kMaxFileBytes = 4096;
// Complaints about one task that a note has in full.
constexpr size_t kMaxComplaints = 5;

struct Delivery {
  const PodView* pod;
  const ContainerView* container;
};

// How the task's own container ended in each pod, oldest first.
std::vector<Delivery> Deliveries(const TaskStatus& task) {
  std::vector<Delivery> deliveries;
  for (const PodPtr& pod : task.pods) {
    for (const ContainerView& container : pod->containers) {
      if (container.init || container.name != task.job->result_container) continue;
      if (container.state != ContainerView::State::kTerminated) continue;
      const bool ended_well = container.exit_code == 0;
      if (task.state == TaskState::kPassed && !ended_well) continue;
      deliveries.push_back({pod.get(), &container});
    }
  }
  if (task.state == TaskState::kFailed && deliveries.size() > 1) {
    deliveries.erase(deliveries.begin(), deliveries.end() - 1);
  }
  return deliveries;
}

class Merger {
 public:
  explicit Merger(Json& block) : block_(block) {}

  // The note about the task's results; empty if there is nothing to say.
  std::string Merge(const TaskStatus& task) {
    std::vector<std::string> complaints;
    for (const Delivery& delivery : Deliveries(task)) {
      std::string complaint = Take(task, delivery.container->message);
      if (complaint.empty()) continue;
      if (task.pods.size() > 1) absl::StrAppend(&complaint, " (pod ", delivery.pod->name, ")");
      complaints.push_back(std::move(complaint));
    }
    const size_t more = complaints.size() - std::min(complaints.size(), kMaxComplaints);
    complaints.resize(complaints.size() - more);
    if (more > 0) complaints.push_back(absl::StrCat("... and of ", more, " more pods"));
    return absl::StrJoin(complaints, "\n");
  }

 private:
  std::string Take(const TaskStatus& task, absl::string_view text) {
    if (text.empty()) {
      return task.state == TaskState::kPassed ? "Result file ignored: it is empty" : "";
    }
    const absl::StatusOr<Json> result = json::Parse(text);
    if (!result.ok() && text.size() >= kMaxFileBytes) {
      return absl::StrCat("Result file ignored: it is larger than ", kMaxFileBytes,
                          " bytes, of which Kubernetes keeps the end");
    }
    if (!result.ok()) return "Result file ignored: it is not JSON";
    if (!result->is_object()) return "Result file ignored: it is no JSON object";
    return Add(*result);
  }

  std::string Add(const Json& result) {
    std::vector<std::string> known;
    std::vector<std::string> too_much;
    for (const auto& [key, value] : result.items()) {
      const size_t bytes = key.size() + json::Dump(value).size();
      if (block_.contains(key)) {
        known.push_back(key);
      } else if (bytes > kMaxResultBytes - bytes_) {
        too_much.push_back(key);
      } else {
        bytes_ += bytes;
        block_[key] = value;
      }
    }
    std::vector<std::string> faults;
    if (!known.empty()) faults.push_back(absl::StrCat(absl::StrJoin(known, ", "), " (set before)"));
    if (!too_much.empty()) {
      faults.push_back(absl::StrCat(absl::StrJoin(too_much, ", "),
                                    " (an event's results have at most ", kMaxResultBytes,
                                    " bytes)"));
    }
    if (faults.empty()) return "";
    return absl::StrCat("Keys of the result file ignored: ", absl::StrJoin(faults, ", "));
  }

  Json& block_;
  size_t bytes_ = 0;
};

bool HandsOver(const TaskStatus& task) {
  const bool ended = task.state == TaskState::kPassed || task.state == TaskState::kFailed;
  return ended && task.job != nullptr && !task.job->result_container.empty();
}

// The notes that `note_on` makes on the tasks with a result file, without the empty ones.
ResultNotes NotesOn(const EventState& state,
                    absl::FunctionRef<std::string(const TaskStatus&)> note_on) {
  ResultNotes notes;
  for (const RunStatus& run : state.runs) {
    if (run.silent) continue;
    for (const TaskStatus& task : run.tasks) {
      if (!HandsOver(task)) continue;
      std::string note = note_on(task);
      if (!note.empty()) notes.emplace(task.entry.job, std::move(note));
    }
  }
  return notes;
}

}  // namespace

ResultNotes MergeResults(const EventState& state, Json& block) {
  Merger merger(block);
  return NotesOn(state, [&merger](const TaskStatus& task) { return merger.Merge(task); });
}

ResultNotes IgnoreResults(const EventState& state, const std::string& why) {
  return NotesOn(state, [&why](const TaskStatus&) { return why; });
}

}  // namespace jobexec::reporter
