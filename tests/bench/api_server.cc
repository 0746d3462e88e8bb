#include "tests/bench/api_server.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/kube/api_error.h"
#include "common/kube/config.h"
#include "common/runs/schema.h"
#include "tests/support/poll.h"

namespace jobexec::bench {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kRequestTimeout = absl::Seconds(60);
constexpr absl::Duration kSettlePatience = absl::Minutes(5);
constexpr int kConnections = 64;
constexpr int kCleaners = 16;
constexpr char kJson[] = "application/json";
constexpr char kJsonPatch[] = "application/json-patch+json";
constexpr char kMergePatch[] = "application/merge-patch+json";

// Lists of whole Jobs come in pages of this many.
constexpr int kPage = 250;
constexpr size_t kMaxListBytes = size_t{64} * 1024 * 1024;

// Text of the first member `key` that is a string. Good for fields that the server writes before
// anything of the user's: an object begins with its name, namespace and uid.
std::string FirstText(const std::string& json, absl::string_view key) {
  const std::string start = absl::StrCat("\"", key, "\":\"");
  const size_t begin = json.find(start);
  if (begin == std::string::npos) return "";
  const size_t text = begin + start.size();
  return json.substr(text, json.find('"', text) - text);
}

Json Operation(absl::string_view op, absl::string_view path, Json value) {
  return {{"op", std::string(op)}, {"path", std::string(path)}, {"value", std::move(value)}};
}

// A reporter's step from one word of the ledger to the next; the last one lets go of the Job.
std::string LedgerPatch(const std::string& uid, absl::string_view from, absl::string_view to,
                        bool is_last) {
  constexpr char kLedger[] = "/metadata/annotations/jobexec.dev~1ledger";
  Json patch = Json::array({Operation("test", "/metadata/uid", uid),
                            Operation("test", kLedger, std::string(from)),
                            Operation("replace", kLedger, std::string(to))});
  if (is_last) {
    patch.push_back(Operation("test", "/metadata/finalizers/0", runs::kAnswerFinalizer));
    patch.push_back({{"op", "remove"}, {"path", "/metadata/finalizers/0"}});
    patch.push_back(Operation("add", "/spec/ttlSecondsAfterFinished", 900));
  }
  return patch.dump();
}

Json::array_t Items(const Json& list) {
  const Json* items = json::Find(list, "items");
  return items != nullptr && items->is_array() ? items->get<Json::array_t>() : Json::array_t();
}

// Of the length of an intent's: number, holder and time.
constexpr char kStartedIntent[] = "s?1 reporter-host-12345 1753000000000";
constexpr char kFinishedIntent[] = "f?1 reporter-host-12345 1753000000000";

}  // namespace

ApiServer::ApiServer(std::string server, std::unique_ptr<http::Client> http,
                     const std::string& name_space)
    : server_(std::move(server)),
      http_(std::move(http)),
      name_space_(name_space),
      jobs_(absl::StrCat("/apis/batch/v1/namespaces/", name_space, "/jobs")),
      pods_(absl::StrCat("/api/v1/namespaces/", name_space, "/pods")) {}

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Connect(const std::string& kubeconfig,
                                                              const std::string& name_space) {
  ASSIGN_OR_RETURN(const kube::ClusterConfig cluster, kube::LoadClusterConfig(kubeconfig));
  http::Client::Options options;
  options.tls = cluster.tls;
  options.max_idle_connections = kConnections;
  return std::unique_ptr<ApiServer>(
      new ApiServer(cluster.server, http::Client::Create(std::move(options)), name_space));
}

absl::StatusOr<std::string> ApiServer::Send(absl::string_view method, absl::string_view path,
                                            absl::string_view content_type, std::string body) {
  http::Request request{.method = std::string(method),
                        .target = absl::StrCat(server_, path),
                        .headers = {{"Accept", kJson}},
                        .body = std::move(body)};
  if (!content_type.empty()) {
    request.headers.emplace_back("Content-Type", std::string(content_type));
  }
  ASSIGN_OR_RETURN(http::Response response, http_->Send(request, kRequestTimeout, method == "GET"));
  if (response.status >= 300) return kube::ResponseError(absl::StrCat(method, " ", path), response);
  return std::move(response.body);
}

// So many at once that none finds a connection that another one has given back.
absl::Status ApiServer::OpenConnections(int count) {
  return RunParallel(static_cast<size_t>(count) * 4, count,
                     [this](int, size_t) { return Get("/readyz").status(); })
      .status();
}

absl::StatusOr<ParallelResult> ApiServer::CreateJobs(const std::vector<std::string>& bodies,
                                                     int in_flight) {
  RETURN_IF_ERROR(OpenConnections(in_flight));
  return RunParallel(bodies.size(), in_flight,
                     [&](int, size_t i) { return Send("POST", jobs_, kJson, bodies[i]).status(); });
}

absl::StatusOr<ParallelResult> ApiServer::CreateAndAnswerJobs(
    const std::vector<std::string>& bodies, int in_flight) {
  RETURN_IF_ERROR(OpenConnections(in_flight));
  return RunParallel(bodies.size(), in_flight,
                     [&](int, size_t i) { return CreateAndAnswer(bodies[i]); });
}

absl::Status ApiServer::CreateAndAnswer(const std::string& body) {
  ASSIGN_OR_RETURN(const std::string job, Send("POST", jobs_, kJson, body));
  const std::string name = FirstText(job, "name");
  const std::string uid = FirstText(job, "uid");
  RETURN_IF_ERROR(Patch(name, kJsonPatch, LedgerPatch(uid, "-", kStartedIntent, false)));
  RETURN_IF_ERROR(Patch(name, kJsonPatch, LedgerPatch(uid, kStartedIntent, "s", false)));
  RETURN_IF_ERROR(Patch(name, kJsonPatch, LedgerPatch(uid, "s", kFinishedIntent, false)));
  return Patch(name, kJsonPatch, LedgerPatch(uid, kFinishedIntent, "f", true));
}

absl::Status ApiServer::Patch(const std::string& job, absl::string_view content_type,
                              std::string patch) {
  return Send("PATCH", absl::StrCat(jobs_, "/", job), content_type, std::move(patch)).status();
}

absl::Status ApiServer::EnsureNamespace() {
  const Json body = {
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name_space_}}}};
  const absl::Status created = Send("POST", "/api/v1/namespaces", kJson, body.dump()).status();
  return absl::IsAlreadyExists(created) ? absl::OkStatus() : created;
}

absl::StatusOr<std::vector<std::string>> ApiServer::JobNames() {
  std::vector<std::string> names;
  std::string next;
  do {
    ASSIGN_OR_RETURN(
        const std::string body,
        Get(absl::StrCat(jobs_, "?limit=", kPage, next.empty() ? "" : "&continue=", next)));
    ASSIGN_OR_RETURN(const Json list, json::Parse(body, {.max_bytes = kMaxListBytes}));
    for (const Json& job : Items(list)) {
      names.push_back(json::GetString(job.value("metadata", Json::object()), "name"));
    }
    next = json::GetString(list.value("metadata", Json::object()), "continue");
  } while (!next.empty());
  return names;
}

absl::Status ApiServer::LetGoOfJobs() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, JobNames());
  if (names.empty()) return absl::OkStatus();
  return RunParallel(names.size(), kCleaners,
                     [&](int, size_t i) {
                       const absl::Status patched =
                           Patch(names[i], kMergePatch, R"({"metadata":{"finalizers":null}})");
                       return absl::IsNotFound(patched) ? absl::OkStatus() : patched;
                     })
      .status();
}

absl::Status ApiServer::RemoveJobs() {
  const std::string options =
      R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background",)"
      R"("gracePeriodSeconds":0})";
  // A server that is busy with the former measurement may refuse some of this, so all is tried
  // again. The garbage collector would remove the pods as well, but more slowly.
  absl::Status status;
  const bool gone = testing::PollUntil(
      [&] {
        status = LetGoOfJobs();
        status.Update(Send("DELETE", jobs_, kJson, options).status());
        status.Update(Send("DELETE", pods_, kJson, options).status());
        const auto no_jobs = IsEmpty(absl::StrCat(jobs_, "?limit=1"));
        const auto no_pods = IsEmpty(absl::StrCat(pods_, "?limit=1"));
        return no_jobs.ok() && *no_jobs && no_pods.ok() && *no_pods;
      },
      kSettlePatience);
  if (gone) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("Jobs or pods are left in namespace ", name_space_, ": ", status.message()));
}

absl::StatusOr<bool> ApiServer::IsEmpty(absl::string_view collection) {
  ASSIGN_OR_RETURN(const std::string body, Get(collection));
  ASSIGN_OR_RETURN(const Json list, json::Parse(body));
  return Items(list).empty();
}

absl::Status ApiServer::AwaitAllSucceeded() {
  const bool done = testing::PollUntil(
      [&] {
        const auto none =
            IsEmpty(absl::StrCat(jobs_, "?limit=1&fieldSelector=status.successful%3D0"));
        return none.ok() && *none;
      },
      kSettlePatience);
  return done ? absl::OkStatus() : absl::DeadlineExceededError("Jobs do not end");
}

absl::StatusOr<CallCounts> ApiServer::Calls() {
  ASSIGN_OR_RETURN(const std::string metrics, Get("/metrics"));
  return CallsOfApiServer(metrics);
}

absl::StatusOr<double> ApiServer::CpuSeconds() {
  ASSIGN_OR_RETURN(const std::string metrics, Get("/metrics"));
  return CpuSecondsOf(metrics);
}

}  // namespace jobexec::bench
