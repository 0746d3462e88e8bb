// The Reporter gRPC service, answered from memory.
#pragma once

#include <functional>

#include "jobexecutor/v1/reporter.grpc.pb.h"
#include "reporter/log_streams.h"
#include "reporter/run_feed.h"
#include "reporter/store.h"

namespace jobexec::reporter {

// Thread-safe. Errors of its methods: reporter.proto.
class ReporterService final : public ::jobexecutor::v1::Reporter::CallbackService {
 public:
  // `store`, `feed` and `logs` must outlive the service. `synced`: the first lists are complete.
  ReporterService(const Store& store, RunFeed& feed, LogStreams& logs, std::function<bool()> synced)
      : store_(store), feed_(feed), logs_(logs), synced_(std::move(synced)) {}

  grpc::ServerUnaryReactor* ListRuns(grpc::CallbackServerContext* context,
                                     const ::jobexecutor::v1::ListRunsRequest* request,
                                     ::jobexecutor::v1::ListRunsResponse* response) override;
  grpc::ServerUnaryReactor* GetRun(grpc::CallbackServerContext* context,
                                   const ::jobexecutor::v1::GetRunRequest* request,
                                   ::jobexecutor::v1::GetRunResponse* response) override;
  grpc::ServerWriteReactor<::jobexecutor::v1::WatchRunsResponse>* WatchRuns(
      grpc::CallbackServerContext* context,
      const ::jobexecutor::v1::WatchRunsRequest* request) override;
  grpc::ServerWriteReactor<::jobexecutor::v1::StreamLogsResponse>* StreamLogs(
      grpc::CallbackServerContext* context,
      const ::jobexecutor::v1::StreamLogsRequest* request) override;

 private:
  absl::Status CheckSynced() const;
  absl::Status List(const ::jobexecutor::v1::ListRunsRequest& request,
                    ::jobexecutor::v1::ListRunsResponse& response) const;
  absl::Status Read(const std::string& name, ::jobexecutor::v1::Run& run) const;

  const Store& store_;
  RunFeed& feed_;
  LogStreams& logs_;
  const std::function<bool()> synced_;
};

}  // namespace jobexec::reporter
