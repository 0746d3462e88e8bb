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
#include "common/rpc/time.h"
#include "common/runs/cancel_marks.h"
#include "common/runs/names.h"
#include "common/telemetry/log.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::CancelledEvent;
using jobexecutor::v1::CancelRunsRequest;
using jobexecutor::v1::CancelRunsResponse;
using jobexecutor::v1::EventRef;
using jobexecutor::v1::SequenceRef;
using Json = nlohmann::json;

constexpr absl::Duration kMarkTimeout = absl::Seconds(15);
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

// An event without a time of its own counts from when its plan was stored.
absl::Time TimeOf(const runs::JobRecord& record) {
  return record.facts.time == absl::InfinitePast() ? record.create_time : record.facts.time;
}

absl::Status CheckSequence(const jobexecutor::v1::SequenceRef& sequence) {
  const std::pair<const char*, bool> missing[] = {
      {"keptn_context", sequence.keptn_context().empty()},
      {"project", sequence.project().empty()},
      {"stage", sequence.stage().empty()},
      {"service", sequence.service().empty()},
      {"before", !sequence.has_before()},
  };
  for (const auto& [field, is_missing] : missing) {
    if (is_missing) {
      return absl::InvalidArgumentError(
          absl::StrCat("sequence.", field, " is not set: a sequence is named by all its fields"));
    }
  }
  return absl::OkStatus();
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
    case CancelRunsRequest::kSequence:
      return CancelSequence(request.sequence(), order);
    case CancelRunsRequest::SELECTION_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      "event, keptn_context, run or sequence must be set: what to cancel?");
}

absl::StatusOr<absl::Duration> Canceller::TimeLeft(absl::Time deadline) {
  const absl::Duration left = deadline - clock_.TimeNow();
  if (left > absl::ZeroDuration()) return std::min(left, kMarkTimeout);
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
  const auto all = [](const runs::JobRecord&) { return true; };
  ASSIGN_OR_RETURN(CancelRunsResponse response, CancelOfContext(context, all, order));
  if (!response.events().empty()) return response;
  return absl::NotFoundError(
      absl::StrCat("no event of the Keptn context \"", context, "\" is in the cluster"));
}

absl::StatusOr<CancelRunsResponse> Canceller::CancelSequence(const SequenceRef& sequence,
                                                             Order order) {
  RETURN_IF_ERROR(CheckSequence(sequence));
  order.include_silent = sequence.include_silent();
  order.cancel.sequence_ended = true;
  const auto of_sequence = [&, before = rpc::FromWire(sequence.before())](
                               const runs::JobRecord& anchor) {
    return anchor.facts.project == sequence.project() && anchor.facts.stage == sequence.stage() &&
           anchor.facts.service == sequence.service() && TimeOf(anchor) < before;
  };
  ASSIGN_OR_RETURN(CancelRunsResponse response,
                   CancelOfContext(sequence.keptn_context(), of_sequence, order));
  if (!response.events().empty()) return response;
  return absl::NotFoundError(absl::StrCat(
      "nothing of the sequence of Keptn context \"", sequence.keptn_context(), "\" in ",
      sequence.project(), "/", sequence.stage(), "/", sequence.service(), " is in the cluster"));
}

// Cancels what is selected of a context; finding nothing is no error.
absl::StatusOr<CancelRunsResponse> Canceller::CancelOfContext(const std::string& context,
                                                              Selects selects, const Order& order) {
  const auto selects_here = [&](const runs::JobRecord& anchor) {
    // Different contexts may share a label value.
    return anchor.facts.keptn_context == context && selects(anchor);
  };
  kube::ListOptions options;
  options.label_selector = absl::StrCat(runs::kInstallationLabel, "=", options_.installation, ",",
                                        runs::kContextLabel, "=", runs::LabelValue(context));
  options.limit = kPageSize;
  CancelRunsResponse response;
  do {
    ASSIGN_OR_RETURN(const absl::Duration timeout, TimeLeft(order.deadline));
    ASSIGN_OR_RETURN(const Json list,
                     kube_.List(kube::Jobs(options_.job_namespace), options, timeout));
    RETURN_IF_ERROR(CancelPage(list, selects_here, order, response));
    const Json* metadata = json::Find(list, "metadata");
    options.continue_token = metadata == nullptr ? "" : json::GetString(*metadata, "continue");
  } while (!options.continue_token.empty());
  return response;
}

absl::Status Canceller::CancelPage(const Json& list, Selects selects, const Order& order,
                                   CancelRunsResponse& response) {
  const Json* items = json::Find(list, "items");
  if (items == nullptr || !items->is_array()) return absl::OkStatus();
  for (const Json& job : *items) {
    const auto record = runs::ReadJob(job);
    if (!record.ok() || record->role == runs::Role::kMember || !selects(*record)) continue;
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
  const runs::CancelSelection selection =
      runs::SelectActions(*record, order.cancel, order.include_silent);
  if (selection.actions.empty()) return absl::OkStatus();
  CancelledEvent event;
  for (const int action : selection.actions) {
    event.add_runs(runs::RunName(record->event_hash, action));
  }
  event.mutable_event()->set_source(record->facts.source);
  event.mutable_event()->set_id(record->facts.id);
  ASSIGN_OR_RETURN(const CancelledEvent::Result result,
                   MarkUntilStored(anchor, *record, selection.marks, order));
  event.set_result(result);
  log::Info("event cancelled", {{"event_id", record->facts.id},
                                {"keptn_context", record->facts.keptn_context},
                                {"result", CancelledEvent::Result_Name(result)},
                                {"by", order.cancel.by},
                                {"reason", order.cancel.why}});
  *response.add_events() = std::move(event);
  return absl::OkStatus();
}

absl::StatusOr<CancelledEvent::Result> Canceller::MarkUntilStored(
    Json& anchor, runs::JobRecord& record, const std::vector<runs::Cancel>& marks,
    const Order& order) {
  const kube::Collection jobs = kube::Jobs(options_.job_namespace);
  absl::Status last;
  for (int i = 0; i < kMaxTries; ++i) {
    const std::vector<runs::Cancel> missing = runs::MissingMarks(marks, record);
    if (missing.empty()) return CancelledEvent::RESULT_ALREADY_CANCELLED;
    if (!runs::IsOpen(anchor, record)) return CancelledEvent::RESULT_ENDED;
    ASSIGN_OR_RETURN(const absl::Duration timeout, TimeLeft(order.deadline));
    const auto patched =
        kube_.Patch(jobs, record.name, runs::CancelPatch(anchor, record, missing), timeout);
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
