#include "tests/cluster/installation.h"

#include <csignal>
#include <cstdio>
#include <memory>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/hash.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/kube/config.h"
#include "common/runs/schema.h"
#include "tests/support/poll.h"

namespace jobexec::testing {
namespace {

constexpr absl::Duration kCall = absl::Seconds(30);

// Output of a command line, one line without its end.
std::string OutputOf(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) output += static_cast<char>(c);
  pclose(pipe);
  return std::string(absl::StripAsciiWhitespace(output));
}

// A value that `cluster.sh env` prints.
std::string ClusterValue(const std::string& key) {
  for (absl::string_view line : absl::StrSplit(
           OutputOf(absl::StrCat(JOBEXEC_SOURCE_DIR, "/deploy/local/cluster.sh env")), '\n')) {
    if (absl::ConsumePrefix(&line, absl::StrCat(key, "="))) return std::string(line);
  }
  return "";
}

// Seven lower-case hex digits that no other test of any run has.
std::string Unique() { return UuidV5(RandomBytes(16)).substr(0, 7); }

}  // namespace

absl::StatusOr<std::unique_ptr<Installation>> Installation::Start(const Options& options) {
  auto installation = std::unique_ptr<Installation>(new Installation);
  RETURN_IF_ERROR(installation->Prepare(options));
  RETURN_IF_ERROR(installation->StartScheduler());
  RETURN_IF_ERROR(installation->StartReporter());
  RETURN_IF_ERROR(installation->StartIntake());
  return installation;
}

absl::Status Installation::Prepare(const Options& options) {
  options_ = options;
  kubeconfig_ = ClusterValue("KUBECONFIG");
  node_ip_ = ClusterValue("NODE_IP");
  if (kubeconfig_.empty())
    return absl::FailedPreconditionError("no cluster: run deploy/local/cluster.sh up");
  name_space_ = absl::StrCat("test-", Unique());
  ASSIGN_OR_RETURN(kube_, kube::ConnectCluster(kubeconfig_));
  ASSIGN_OR_RETURN(sink_, EventSink::Start("127.0.0.1", 0, nullptr));
  return CreateNamespace();
}

absl::Status Installation::CreateNamespace() {
  const kube::Collection namespaces = {"/api/v1", "", "namespaces"};
  const nlohmann::json body = {
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name_space_}}}};
  RETURN_IF_ERROR(kube_->Create(namespaces, body.dump(), kCall));
  // Pods are refused until the namespace has its service account.
  const kube::Collection accounts = {"/api/v1", name_space_, "serviceaccounts"};
  if (!PollUntil([&] { return kube_->Get(accounts, "default", kCall).ok(); }, kClusterPatience)) {
    return absl::DeadlineExceededError("the namespace got no service account");
  }
  return absl::OkStatus();
}

Installation::~Installation() {
  intake_.reset();
  scheduler_.reset();
  reporter_.reset();
  if (kube_ == nullptr) return;
  // With no reporter left nobody else takes the finalizers off.
  for (const auto& job : Jobs()) {
    const nlohmann::json patch = {{{"op", "remove"}, {"path", "/metadata/finalizers"}}};
    (void)kube_->Patch(kube::Jobs(name_space_), json::GetString(job["metadata"], "name"), patch,
                       kCall);
  }
  (void)kube_->Delete({"/api/v1", "", "namespaces"}, name_space_, "", kCall);
}

absl::Status Installation::StartScheduler() {
  std::map<std::string, std::string> environment = {
      {"KUBECONFIG", kubeconfig_},
      {"JOB_NAMESPACE", name_space_},
      {"INSTALLATION_ID", name_space_},
      {"RESOURCE_DIRECTORY", directory_.path()},
      {"SCHEDULER_LISTEN_ADDRESS", node_ip_},
      {"SCHEDULER_PORT", scheduler_port_},
      {"SCHEDULER_DRAIN_TIMEOUT", "5s"},
      {"INIT_CONTAINER_IMAGE", "jobexec.local/jobexec-init:test"},
      {"ALWAYS_SEND_FINISHED_EVENT", "true"},
      {"DEFAULT_RESOURCE_REQUESTS_CPU", "10m"},
      {"DEFAULT_RESOURCE_REQUESTS_MEMORY", "16Mi"},
      {"ADMIN_ADDRESS", "127.0.0.1"},
      {"ADMIN_PORT", "0"}};
  for (const auto& [key, value] : options_.scheduler) environment[key] = value;
  if (scheduler_port_ == "0") {
    // Init containers are told the port, so it has to be known before the start.
    ASSIGN_OR_RETURN(const auto port_owner, EventSink::Start(node_ip_, 0, nullptr));
    scheduler_port_ = absl::StrCat(port_owner->port());
    environment["SCHEDULER_PORT"] = scheduler_port_;
  }
  environment["SCHEDULER_PUBLIC_ADDRESS"] = absl::StrCat(node_ip_, ":", scheduler_port_);
  scheduler_.reset();
  ASSIGN_OR_RETURN(scheduler_, Subprocess::Start({JOBEXEC_SCHEDULER_PROGRAM}, environment,
                                                 directory_.path() + "/scheduler.log"));
  ASSIGN_OR_RETURN(scheduler_admin_port_,
                   scheduler_->WaitForLogField("admin_port", kClusterPatience));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Subprocess>> Installation::LaunchReporter(
    const std::string& log_name) {
  std::map<std::string, std::string> environment = {
      {"KUBECONFIG", kubeconfig_},
      {"JOB_NAMESPACE", name_space_},
      {"INSTALLATION_ID", name_space_},
      {"REPORTER_LISTEN_ADDRESS", "127.0.0.1"},
      {"REPORTER_PORT", "0"},
      {"ADMIN_ADDRESS", "127.0.0.1"},
      {"ADMIN_PORT", "0"},
      {"EVENT_SINK_URL", absl::StrCat("http://127.0.0.1:", sink_->port(), "/")}};
  for (const auto& [key, value] : options_.reporter) environment[key] = value;
  return Subprocess::Start({JOBEXEC_REPORTER_PROGRAM}, environment,
                           absl::StrCat(directory_.path(), "/", log_name));
}

absl::Status Installation::StartReporter() {
  reporter_.reset();
  ASSIGN_OR_RETURN(reporter_, LaunchReporter("reporter.log"));
  ASSIGN_OR_RETURN(reporter_port_, reporter_->WaitForLogField("grpc_port", kClusterPatience));
  return reporter_->WaitForLogField("admin_port", kClusterPatience).status();
}

absl::StatusOr<std::unique_ptr<Subprocess>> Installation::StartStandby() {
  ASSIGN_OR_RETURN(auto standby, LaunchReporter("standby.log"));
  RETURN_IF_ERROR(standby->WaitForLogField("admin_port", kClusterPatience).status());
  return standby;
}

std::string Installation::scheduler_address() const {
  return absl::StrCat(node_ip_, ":", scheduler_port_);
}
std::string Installation::reporter_address() const {
  return absl::StrCat("127.0.0.1:", reporter_port_);
}

absl::Status Installation::StartIntake() {
  std::map<std::string, std::string> environment = {
      {"KUBECONFIG", kubeconfig_},
      {"JOB_NAMESPACE", name_space_},
      {"INSTALLATION_ID", name_space_},
      {"SCHEDULER_ADDRESS", absl::StrCat(node_ip_, ":", scheduler_port_)},
      {"INTAKE_ADDRESS", "127.0.0.1"},
      {"RCV_PORT", "0"},
      {"ADMIN_ADDRESS", "127.0.0.1"},
      {"ADMIN_PORT", "0"}};
  for (const auto& [key, value] : options_.intake) environment[key] = value;
  intake_.reset();
  ASSIGN_OR_RETURN(intake_, Subprocess::Start({JOBEXEC_INTAKE_PROGRAM}, environment,
                                              directory_.path() + "/intake.log"));
  ASSIGN_OR_RETURN(intake_port_, intake_->WaitForLogField("http_port", kClusterPatience));
  ASSIGN_OR_RETURN(intake_admin_port_, intake_->WaitForLogField("admin_port", kClusterPatience));
  const auto ready = [this] {
    const auto response =
        http_->Send({.method = "GET",
                     .target = absl::StrCat("http://127.0.0.1:", intake_admin_port_, "/readyz")},
                    kCall, true);
    return response.ok() && response->status == 200;
  };
  if (PollUntil(ready, kClusterPatience)) return absl::OkStatus();
  return absl::DeadlineExceededError("intake never became ready");
}

void Installation::WriteFile(const std::string& path, const std::string& content) {
  directory_.Write("shop/dev/cart/" + path, content);
}

absl::StatusOr<http::Response> Installation::Post(const std::string& content_type,
                                                  const std::string& body,
                                                  const http::Headers& headers) {
  http::Request request = {.method = "POST",
                           .target = absl::StrCat("http://127.0.0.1:", intake_port_, "/"),
                           .headers = headers,
                           .body = body};
  if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
  return http_->Send(request, kClusterPatience, false);
}

nlohmann::json Installation::MakeEvent(const std::string& id, const std::string& type,
                                       const nlohmann::json& data) {
  nlohmann::json event = {{"specversion", "1.0"},
                          {"id", id},
                          {"source", "test"},
                          {"type", type},
                          {"datacontenttype", "application/json"},
                          {"shkeptncontext", "c0ffee00-0000-4000-8000-000000000000"},
                          {"data", {{"project", "shop"}, {"stage", "dev"}, {"service", "cart"}}}};
  if (data.is_object()) event["data"].update(data);
  return event;
}

absl::StatusOr<http::Response> Installation::PostEvent(const std::string& id,
                                                       const std::string& type,
                                                       const nlohmann::json& data) {
  return Post("application/cloudevents+json", MakeEvent(id, type, data).dump());
}

std::vector<nlohmann::json> Installation::Jobs(const std::string& event_id) {
  std::vector<nlohmann::json> jobs;
  const auto list = kube_->List(
      kube::Jobs(name_space_),
      {.label_selector = absl::StrCat(runs::kInstallationLabel, "=", name_space_)}, kCall);
  if (!list.ok()) return jobs;
  for (const auto& job : (*list)["items"]) {
    if (event_id.empty() ||
        json::GetString(job["metadata"]["annotations"], runs::kEventIdAnnotation) == event_id) {
      jobs.push_back(job);
    }
  }
  return jobs;
}

double Installation::Metric(const std::string& admin_port, const std::string& name,
                            const std::string& label) {
  const auto response = http_->Send(
      {.method = "GET", .target = absl::StrCat("http://127.0.0.1:", admin_port, "/metrics")}, kCall,
      true);
  double sum = 0;
  if (!response.ok()) return sum;
  std::istringstream lines(response->body);
  for (std::string line; std::getline(lines, line);) {
    if (!absl::StartsWith(line, name) || !absl::StrContains(line, label)) continue;
    double value = 0;
    if (absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value)) sum += value;
  }
  return sum;
}

}  // namespace jobexec::testing
