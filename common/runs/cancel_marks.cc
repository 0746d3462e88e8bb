#include "common/runs/cancel_marks.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/json/json.h"

namespace jobexec::runs {
namespace {

using Json = nlohmann::json;

bool HasEnded(const Json& job) {
  const Json* conditions = json::FindPath(job, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return false;
  return std::any_of(conditions->begin(), conditions->end(), [](const Json& condition) {
    const std::string type = json::GetString(condition, "type");
    return json::GetString(condition, "status") == "True" &&
           (type == "Complete" || type == "SuccessCriteriaMet" || type == "Failed" ||
            type == "FailureTarget");
  });
}

Json Operation(const char* op, std::string path, std::string value) {
  return {{"op", op}, {"path", std::move(path)}, {"value", std::move(value)}};
}

struct Action {
  int index = 0;
  bool owes_answer = false;
};

std::vector<Action> ActionsOf(const JobRecord& record) {
  const bool owed = record.ledger.state != Ledger::State::kNone &&
                    record.ledger.state != Ledger::State::kFinished;
  std::vector<Action> actions;
  for (const ManifestEntry& entry : record.manifest) {
    if (actions.empty() || actions.back().index != entry.action) {
      actions.push_back({entry.action, owed && !entry.silent});
    }
  }
  // A refused event is shown as one run.
  if (actions.empty()) actions.push_back({0, owed});
  return actions;
}

}  // namespace

bool IsOpen(const Json& anchor, const JobRecord& record) {
  if (record.refused) return false;
  if (record.has_answer_finalizer) return true;
  if (record.ledger.state == Ledger::State::kFinished) return false;
  return record.delete_time == absl::InfiniteFuture() && !HasEnded(anchor);
}

CancelSelection SelectActions(const JobRecord& record, const Cancel& cancel, bool include_silent) {
  CancelSelection selection;
  const std::vector<Action> actions = ActionsOf(record);
  for (const Action& action : actions) {
    if (!cancel.Covers(action.index) || !(include_silent || action.owes_answer)) continue;
    selection.actions.push_back(action.index);
    selection.marks.push_back(cancel);
    selection.marks.back().action = action.index;
  }
  if (selection.actions.size() == actions.size()) selection.marks = {cancel};
  return selection;
}

std::vector<Cancel> MissingMarks(const std::vector<Cancel>& marks, const JobRecord& record) {
  std::vector<Cancel> missing;
  for (const Cancel& mark : marks) {
    if (FindCancel(record.cancels, mark.action) == nullptr) missing.push_back(mark);
  }
  return missing;
}

Json CancelPatch(const Json& anchor, const JobRecord& record, const std::vector<Cancel>& marks) {
  const std::string path = AnnotationPath(kCancelAnnotation);
  const Json* annotations = json::FindPath(anchor, {"metadata", "annotations"});
  const Json* present = json::Find(*annotations, kCancelAnnotation);
  std::vector<Cancel> cancels = record.cancels;
  cancels.insert(cancels.end(), marks.begin(), marks.end());
  // A patch cannot test that something is absent.
  Json test = present == nullptr
                  ? Operation("test", "/metadata/resourceVersion", record.resource_version)
                  : Operation("test", path, present->get<std::string>());
  return Json::array({Operation("test", "/metadata/uid", record.uid), std::move(test),
                      Operation("add", path, FormatCancels(cancels))});
}

}  // namespace jobexec::runs
