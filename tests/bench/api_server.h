// The API server as the benchmark itself uses it: the loops that show what it can do at best, and
// what lies around a measurement.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/http/http_client.h"
#include "tests/bench/call_counts.h"
#include "tests/bench/parallel.h"

namespace jobexec::bench {

// Thread-safe. Methods that return a Status fail as http::Client, or with what a refusal of the
// server stands for (kube::ResponseError).
class ApiServer {
 public:
  // The cluster of a kubeconfig with client certificates. Everything happens in `name_space`.
  static absl::StatusOr<std::unique_ptr<ApiServer>> Connect(const std::string& kubeconfig,
                                                            const std::string& name_space);

  // Creates a Job per body, `in_flight` at a time, on connections that stand before the clock
  // starts.
  absl::StatusOr<ParallelResult> CreateJobs(const std::vector<std::string>& bodies, int in_flight);

  // The same, and for each Job the four patches by which a reporter answers over HTTP. A step is
  // one create with its patches.
  absl::StatusOr<ParallelResult> CreateAndAnswerJobs(const std::vector<std::string>& bodies,
                                                     int in_flight);

  absl::Status EnsureNamespace();

  // Removes all Jobs and pods, whatever their finalizers say, and waits until they are gone.
  // DEADLINE_EXCEEDED after five minutes.
  absl::Status RemoveJobs();

  // Waits until every Job has succeeded. DEADLINE_EXCEEDED after five minutes.
  absl::Status AwaitAllSucceeded();

  // Calls of all clients since the server started.
  absl::StatusOr<CallCounts> Calls();

  // CPU seconds of the server since it started.
  absl::StatusOr<double> CpuSeconds();

 private:
  ApiServer(std::string server, std::unique_ptr<http::Client> http, const std::string& name_space);

  // Sends one call and returns the answer's body.
  absl::StatusOr<std::string> Send(absl::string_view method, absl::string_view path,
                                   absl::string_view content_type, std::string body);
  absl::StatusOr<std::string> Get(absl::string_view path) { return Send("GET", path, "", ""); }
  absl::Status Patch(const std::string& job, absl::string_view content_type, std::string patch);
  absl::Status CreateAndAnswer(const std::string& body);
  absl::Status OpenConnections(int count);
  absl::StatusOr<std::vector<std::string>> JobNames();
  absl::Status LetGoOfJobs();
  // True if the collection, with its query, has no object.
  absl::StatusOr<bool> IsEmpty(absl::string_view collection);

  const std::string server_;
  const std::unique_ptr<http::Client> http_;
  const std::string name_space_;
  const std::string jobs_;  // path of the collection
  const std::string pods_;
};

}  // namespace jobexec::bench
