// jobexec-scheduler: turns events into Kubernetes Jobs.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/base/shutdown_signal.h"
#include "common/config/program.h"
#include "common/telemetry/log.h"
#include "scheduler/app.h"

namespace {

constexpr char kDescription[] =
    "Matches CloudEvents against job/config.yaml and creates Kubernetes Jobs for them.\n"
    "Example: KUBECONFIG=~/.kube/config JOB_NAMESPACE=default RESOURCE_DIRECTORY=./config "
    "jobexec-scheduler";

std::vector<jobexec::config::SettingHelp> Help() {
  const jobexec::config::Environment empty;
  jobexec::config::SettingsReader reader(empty);
  jobexec::scheduler::LoadSettings(reader);
  return reader.help();
}

int Run() {
  const auto environment = jobexec::config::ProcessEnvironment();
  jobexec::config::SettingsReader reader(environment);
  const auto settings = jobexec::scheduler::LoadSettings(reader);
  if (const absl::Status faults = reader.Finish(); !faults.ok()) {
    std::fprintf(stderr, "jobexec-scheduler: wrong settings:\n%s\n",
                 std::string(faults.message()).c_str());
    return 2;
  }
  jobexec::log::Configure("scheduler", settings.log_level);
  auto app = jobexec::scheduler::App::Start(settings);
  if (!app.ok()) {
    jobexec::log::Error("cannot start", {{"error", std::string(app.status().message())}});
    return 1;
  }
  jobexec::log::Info("listening", {{"grpc_port", absl::StrCat((*app)->port())},
                                   {"admin_port", absl::StrCat((*app)->admin_port())}});
  jobexec::WaitForShutdownSignal();
  jobexec::log::Info("stopping");
  (*app)->Stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  jobexec::BlockShutdownSignals();
  if (const auto exit_code = jobexec::config::ParseCommandLine(
          {.name = "jobexec-scheduler", .description = kDescription, .settings = Help()}, argc, argv)) {
    return *exit_code;
  }
  return Run();
}
