#include "tests/bench/services.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/http/http_client.h"
#include "tests/support/poll.h"

namespace jobexec::bench {
namespace {

constexpr absl::Duration kStart = absl::Seconds(30);
constexpr absl::Duration kPageTimeout = absl::Seconds(10);

// The body of a page of an admin port, if it answers 200.
absl::StatusOr<std::string> GetPage(const std::string& port, absl::string_view path) {
  const auto client = http::Client::Create({});
  ASSIGN_OR_RETURN(
      http::Response response,
      client->Send({.method = "GET", .target = absl::StrCat("http://127.0.0.1:", port, path)},
                   kPageTimeout, /*idempotent=*/true));
  if (response.status == 200) return std::move(response.body);
  return absl::UnavailableError(absl::StrCat(path, " of port ", port, ": ", response.body));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Services>> Services::Start(const Installation& installation,
                                                          const std::string& sink_url) {
  auto services = std::unique_ptr<Services>(new Services);
  RETURN_IF_ERROR(
      services->StartService(installation, "scheduler", SchedulerEnvironment(installation)));
  ASSIGN_OR_RETURN(const std::string scheduler_port,
                   services->services_.back().process->WaitForLogField("grpc_port", kStart));
  if (!sink_url.empty()) {
    RETURN_IF_ERROR(services->StartService(installation, "reporter",
                                           ReporterEnvironment(installation, sink_url)));
  }
  RETURN_IF_ERROR(
      services->StartService(installation, "intake", IntakeEnvironment(scheduler_port)));
  ASSIGN_OR_RETURN(const std::string port,
                   services->services_.back().process->WaitForLogField("http_port", kStart));
  if (!absl::SimpleAtoi(port, &services->intake_port_)) {
    return absl::InternalError("intake logs no port: " + port);
  }
  return services;
}

absl::Status Services::StartService(const Installation& installation, const std::string& name,
                                    const config::Environment& environment) {
  ASSIGN_OR_RETURN(auto process,
                   testing::Subprocess::Start(
                       {absl::StrCat(installation.programs, "/", name, "/jobexec-", name)},
                       environment, absl::StrCat(installation.directory, "/", name, ".log")));
  ASSIGN_OR_RETURN(const std::string admin_port, process->WaitForLogField("admin_port", kStart));
  absl::Status ready;
  testing::PollUntil(
      [&] {
        ready = GetPage(admin_port, "/readyz").status();
        return ready.ok();
      },
      kStart);
  services_.push_back({name, std::move(process), admin_port});
  return ready;
}

absl::StatusOr<std::vector<ServiceState>> Services::Read() {
  std::vector<ServiceState> states;
  for (const Service& service : services_) {
    ASSIGN_OR_RETURN(const ProcessUsage usage, ReadUsage(service.process->pid()));
    ASSIGN_OR_RETURN(const std::string metrics, GetPage(service.admin_port, "/metrics"));
    states.push_back({service.name, usage, CallsOfService(metrics)});
  }
  return states;
}

}  // namespace jobexec::bench
