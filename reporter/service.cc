#include "reporter/service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/rpc/status.h"
#include "reporter/refused_call.h"
#include "reporter/run_messages.h"

namespace jobexec::reporter {
namespace {

using ::jobexecutor::v1::ListRunsRequest;
using ::jobexecutor::v1::ListRunsResponse;
using ::jobexecutor::v1::Run;

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;

// The place of a run in the list: newest event first, then by name.
struct Place {
  int64_t seconds = 0;  // of the anchor's creation
  std::string name;     // an event's hash, or a run's name: a hash sorts before its runs

  bool operator<(const Place& other) const {
    return std::tie(other.seconds, name) < std::tie(seconds, other.name);
  }
};

std::string FormatToken(const Place& place) { return absl::StrCat(place.seconds, ":", place.name); }

absl::StatusOr<std::optional<Place>> ParseToken(const std::string& token) {
  if (token.empty()) return std::optional<Place>();
  const std::vector<std::string> parts = absl::StrSplit(token, absl::MaxSplits(':', 1));
  Place place;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &place.seconds)) {
    return absl::InvalidArgumentError("page_token is not one of a previous page");
  }
  place.name = parts[1];
  return std::optional<Place>(std::move(place));
}

absl::StatusOr<int> PageSize(const ListRunsRequest& request) {
  if (request.page_size() == 0) return kDefaultPage;
  if (request.page_size() < 1 || request.page_size() > kMaxPage) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size is ", request.page_size(), ", expected 1 to ", kMaxPage));
  }
  return request.page_size();
}

grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(rpc::ToGrpc(status));
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* ReporterService::ListRuns(grpc::CallbackServerContext* context,
                                                    const ListRunsRequest* request,
                                                    ListRunsResponse* response) {
  return Done(context, List(*request, *response));
}

grpc::ServerUnaryReactor* ReporterService::GetRun(grpc::CallbackServerContext* context,
                                                  const ::jobexecutor::v1::GetRunRequest* request,
                                                  ::jobexecutor::v1::GetRunResponse* response) {
  return Done(context, Read(request->name(), *response->mutable_run()));
}

grpc::ServerWriteReactor<::jobexecutor::v1::WatchRunsResponse>* ReporterService::WatchRuns(
    grpc::CallbackServerContext*, const ::jobexecutor::v1::WatchRunsRequest* request) {
  return feed_.Open(request->filter());
}

grpc::ServerWriteReactor<::jobexecutor::v1::StreamLogsResponse>* ReporterService::StreamLogs(
    grpc::CallbackServerContext* context, const ::jobexecutor::v1::StreamLogsRequest* request) {
  const absl::Status synced = CheckSynced();
  if (!synced.ok()) return new RefusedCall<::jobexecutor::v1::StreamLogsResponse>(synced);
  return logs_.Open(context, *request);
}

absl::Status ReporterService::CheckSynced() const {
  if (synced_()) return absl::OkStatus();
  return absl::UnavailableError("the first list of Jobs is not complete yet");
}

absl::Status ReporterService::List(const ListRunsRequest& request,
                                   ListRunsResponse& response) const {
  RETURN_IF_ERROR(CheckSynced());
  ASSIGN_OR_RETURN(const int page_size, PageSize(request));
  ASSIGN_OR_RETURN(const std::optional<Place> after, ParseToken(request.page_token()));
  std::vector<Place> events;
  store_.ForEachAnchor([&](const JobPtr& anchor) {
    if (!Matches(request.filter(), *anchor)) return;
    events.push_back({absl::ToUnixSeconds(anchor->record.create_time), anchor->record.event_hash});
  });
  std::sort(events.begin(), events.end());

  Place last;
  for (const Place& event : events) {
    // An event whose last run comes before the token has been listed whole.
    if (after.has_value() && Place{event.seconds, event.name + "~"} < *after) continue;
    const std::optional<EventSnapshot> snapshot = store_.Get(event.name);
    if (!snapshot.has_value()) continue;
    for (Run& run : RunMessages(Fold(*snapshot))) {
      Place place{event.seconds, run.name()};
      if (after.has_value() && !(*after < place)) continue;
      if (response.runs_size() == page_size) {
        response.set_next_page_token(FormatToken(last));
        return absl::OkStatus();
      }
      *response.add_runs() = std::move(run);
      last = std::move(place);
    }
  }
  return absl::OkStatus();
}

absl::Status ReporterService::Read(const std::string& name, Run& result) const {
  RETURN_IF_ERROR(CheckSynced());
  const std::optional<EventSnapshot> snapshot = store_.Get(name.substr(0, name.find('-')));
  if (snapshot.has_value()) {
    for (Run& run : RunMessages(Fold(*snapshot))) {
      if (run.name() != name) continue;
      result = std::move(run);
      return absl::OkStatus();
    }
  }
  return absl::NotFoundError(absl::StrCat("no run is called \"", name, "\""));
}

}  // namespace jobexec::reporter
