#include "scheduler/canceller.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/runs/names.h"
#include "common/telemetry/log.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::CancelledEvent;
using jobexecutor::v1::CancelRunsRequest;
using jobexecutor::v1::CancelRunsResponse;
using jobexecutor::v1::EventRef;
using Json = nlohmann::json;

constexpr absl::Duration kCallTimeout = absl::Seconds(15);
constexpr int kPageSize = 500;
// How often a mark is tried against other writers of the same anchor.
constexpr int kMaxTries = 10;
constexpr size_t kMaxByBytes = 256;
constexpr size_t kMaxWhyBytes = 1024;
constexpr int kMaxAction = 999'999;

struct RunRef {
  std::string event_hash;
  int action = 0;
};

// "<24 hex digits>-<index>", as runs::RunName writes it.
absl::StatusOr<RunRef> ParseRunName(const std::string& name) {
  RunRef run;
  const std::vector<std::string> parts = absl::StrSplit(name, absl::MaxSplits('-', 1));
  run.event_hash = parts[0];
  if (parts.size() == 2 && absl::SimpleAtoi(parts[1], &run.action) && run.action >= 0 &&
      run.action <= kMaxAction && runs::RunName(run.event_hash, run.action) == name &&
      std::all_of(run.event_hash.begin(), run.event_hash.end(), absl::ascii_isxdigit)) {
    return run;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "run is \"", name, "\", expected <24 hex digits>-<number>, as ListRuns shows it"));
}

absl::Status CheckText(absl::string_view field, const std::string& text, size_t limit) {
  if (text.size() <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", text.size(), " bytes, allowed are ", limit));
}

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

// True if there may be something left to stop: the reporter holds the anchor until every run has
// ended; an anchor that was never held is the event's only Job.
bool IsOpen(const Json& anchor, const runs::JobRecord& record) {
  if (record.refused) return false;
  if (record.has_answer_finalizer) return true;
  if (record.ledger.state == runs::Ledger::State::kFinished) return false;
  return record.delete_time == absl::InfiniteFuture() && !HasEnded(anchor);
}

bool IsCancelled(const runs::JobRecord& record, int action) {
  return runs::FindCancel(record.cancels, action) != nullptr;
}

Json Operation(const char* op, std::string path, std::string value) {
  return {{"op", op}, {"path", std::move(path)}, {"value", std::move(value)}};
}

// Adds one mark to those that the anchor has. Tests what it builds on: another mark that came in
// between must not be lost.
Json CancelPatch(const Json& anchor, const runs::JobRecord& record, const runs::Cancel& cancel) {
  const std::string path = runs::AnnotationPath(runs::kCancelAnnotation);
  const Json* annotations = json::FindPath(anchor, {"metadata", "annotations"});
  const Json* present = json::Find(*annotations, runs::kCancelAnnotation);
  std::vector<runs::Cancel> cancels = record.cancels;
  cancels.push_back(cancel);
  // A patch cannot test that something is absent.
  Json test = present == nullptr
                  ? Operation("test", "/metadata/resourceVersion", record.resource_version)
                  : Operation("test", path, present->get<std::string>());
  return Json::array({Operation("test", "/metadata/uid", record.uid), std::move(test),
                      Operation("add", path, runs::FormatCancels(cancels))});
}

std::vector<int> ActionsOf(const runs::JobRecord& record) {
  std::vector<int> actions;
  for (const runs::ManifestEntry& entry : record.manifest) {
    if (actions.empty() || actions.back() != entry.action) actions.push_back(entry.action);
  }
  // A refused event is shown as one run.
  if (actions.empty()) actions.push_back(0);
  return actions;
}

}  // namespace

absl::StatusOr<CancelRunsResponse> Canceller::Cancel(const CancelRunsRequest& request,
                                                     absl::Time deadline) {
  RETURN_IF_ERROR(CheckText("requested_by", request.requested_by(), kMaxByBytes));
  RETURN_IF_ERROR(CheckText("reason", request.reason(), kMaxWhyBytes));
  const Order order = {
      .cancel = {.by = request.requested_by(), .why = request.reason(), .time = clock_.TimeNow()},
      .deadline = deadline};
  switch (request.selection_case()) {
    case CancelRunsRequest::kEvent:
      return CancelEvent(request.event(), order);
    case CancelRunsRequest::kKeptnContext:
      return CancelContext(request.keptn_context(), order);
    case CancelRunsRequest::kRun:
      return CancelRun(request.run(), order);
    case CancelRunsRequest::SELECTION_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("event, keptn_context or run must be set: what to cancel?");
}

absl::StatusOr<absl::Duration> Canceller::TimeLeft(absl::Time deadline) {
  const absl::Duration left = deadline - clock_.TimeNow();
  if (left > absl::ZeroDuration()) return std::min(left, kCallTimeout);
  return absl::DeadlineExceededError("the call's deadline has passed: repeat it");
}

absl::StatusOr<Json> Canceller::Read(const std::string& name, const Order& order) {
  ASSIGN_OR_RETURN(const absl::Duration timeout, TimeLeft(order.deadline));
  return kube_.Get(kube::Jobs(options_.job_namespace), name, timeout);
}

absl::StatusOr<CancelRunsResponse> Canceller::CancelEvent(const EventRef& event,
                                                          const Order& order) {
  if (event.source().empty() || event.id().empty()) {
    return absl::InvalidArgumentError("event.source and event.id must be set");
  }
  const absl::Status unknown = absl::NotFoundError(absl::StrCat(
      "no event with id \"", event.id(), "\" from \"", event.source(), "\" is in the cluster"));
  auto anchor = Read(runs::AnchorName(runs::EventHash(event.source(), event.id())), order);
  if (absl::IsNotFound(anchor.status())) return unknown;
  RETURN_IF_ERROR(anchor.status());
  CancelRunsResponse response;
  RETURN_IF_ERROR(Mark(*std::move(anchor), order, response));
  if (response.events().empty()) return unknown;
  return response;
}

absl::StatusOr<CancelRunsResponse> Canceller::CancelRun(const std::string& run, Order order) {
  ASSIGN_OR_RETURN(const RunRef ref, ParseRunName(run));
  const absl::Status unknown = absl::NotFoundError(absl::StrCat("no run is called \"", run, "\""));
  auto anchor = Read(runs::AnchorName(ref.event_hash), order);
  if (absl::IsNotFound(anchor.status())) return unknown;
  RETURN_IF_ERROR(anchor.status());
  order.cancel.action = ref.action;
  CancelRunsResponse response;
  RETURN_IF_ERROR(Mark(*std::move(anchor), order, response));
  if (response.events().empty()) return unknown;
  return response;
}

absl::StatusOr<CancelRunsResponse> Canceller::CancelContext(const std::string& context,
                                                            const Order& order) {
  if (context.empty()) return absl::InvalidArgumentError("keptn_context is empty");
  kube::ListOptions options;
  options.label_selector = absl::StrCat(runs::kInstallationLabel, "=", options_.installation, ",",
                                        runs::kContextLabel, "=", runs::LabelValue(context));
  options.limit = kPageSize;
  CancelRunsResponse response;
  do {
    ASSIGN_OR_RETURN(const absl::Duration timeout, TimeLeft(order.deadline));
    ASSIGN_OR_RETURN(const Json list,
                     kube_.List(kube::Jobs(options_.job_namespace), options, timeout));
    RETURN_IF_ERROR(CancelPage(list, context, order, response));
    const Json* metadata = json::Find(list, "metadata");
    options.continue_token = metadata == nullptr ? "" : json::GetString(*metadata, "continue");
  } while (!options.continue_token.empty());
  if (!response.events().empty()) return response;
  return absl::NotFoundError(
      absl::StrCat("no event of the Keptn context \"", context, "\" is in the cluster"));
}

absl::Status Canceller::CancelPage(const Json& list, const std::string& context, const Order& order,
                                   CancelRunsResponse& response) {
  const Json* items = json::Find(list, "items");
  if (items == nullptr || !items->is_array()) return absl::OkStatus();
  for (const Json& job : *items) {
    const auto record = runs::ReadJob(job);
    // Different contexts may share a label value.
    if (!record.ok() || record->role == runs::Role::kMember ||
        record->facts.keptn_context != context) {
      continue;
    }
    RETURN_IF_ERROR(Mark(job, order, response));
  }
  return absl::OkStatus();
}

// Adds what became of the event to the response; nothing if the order selects none of its runs.
absl::Status Canceller::Mark(Json anchor, const Order& order, CancelRunsResponse& response) {
  auto record = runs::ReadJob(anchor);
  if (!record.ok() || record->role == runs::Role::kMember ||
      record->installation != options_.installation) {
    return absl::OkStatus();
  }
  CancelledEvent event;
  for (const int action : ActionsOf(*record)) {
    const bool selected = order.cancel.action < 0 || order.cancel.action == action;
    if (selected) event.add_runs(runs::RunName(record->event_hash, action));
  }
  if (event.runs().empty()) return absl::OkStatus();
  event.mutable_event()->set_source(record->facts.source);
  event.mutable_event()->set_id(record->facts.id);
  ASSIGN_OR_RETURN(const CancelledEvent::Result result, MarkUntilStored(anchor, *record, order));
  event.set_result(result);
  log::Info("event cancelled", {{"event_id", record->facts.id},
                                {"keptn_context", record->facts.keptn_context},
                                {"result", CancelledEvent::Result_Name(result)},
                                {"by", order.cancel.by},
                                {"reason", order.cancel.why}});
  *response.add_events() = std::move(event);
  return absl::OkStatus();
}

absl::StatusOr<CancelledEvent::Result> Canceller::MarkUntilStored(Json& anchor,
                                                                  runs::JobRecord& record,
                                                                  const Order& order) {
  const kube::Collection jobs = kube::Jobs(options_.job_namespace);
  absl::Status last;
  for (int i = 0; i < kMaxTries; ++i) {
    if (IsCancelled(record, order.cancel.action)) return CancelledEvent::RESULT_ALREADY_CANCELLED;
    if (!IsOpen(anchor, record)) return CancelledEvent::RESULT_ENDED;
    ASSIGN_OR_RETURN(const absl::Duration timeout, TimeLeft(order.deadline));
    const auto patched =
        kube_.Patch(jobs, record.name, CancelPatch(anchor, record, order.cancel), timeout);
    if (patched.ok()) return CancelledEvent::RESULT_MARKED;
    last = patched.status();
    // Its test failed: somebody else has written to the anchor meanwhile.
    if (!absl::IsInvalidArgument(last) && !absl::IsNotFound(last)) return last;
    auto present = Read(record.name, order);
    if (absl::IsNotFound(present.status())) return CancelledEvent::RESULT_ENDED;
    RETURN_IF_ERROR(present.status());
    ASSIGN_OR_RETURN(record, runs::ReadJob(*present));
    anchor = *std::move(present);
  }
  return absl::UnavailableError(
      absl::StrCat("marking Job ", record.name, ": ", last.message(), ": repeat the call"));
}

}  // namespace jobexec::scheduler
