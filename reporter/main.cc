// jobexec-reporter: follows the Jobs of events and answers them.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/base/shutdown_signal.h"
#include "common/config/program.h"
#include "common/telemetry/log.h"
#include "reporter/app.h"

namespace {

constexpr char kDescription[] =
    "Watches the Jobs of events, lets the next task go and sends .started and .finished.\n"
    "Example: KUBECONFIG=~/.kube/config JOB_NAMESPACE=default EVENT_SINK_URL=http://localhost:9000 "
    "jobexec-reporter";

std::vector<jobexec::config::SettingHelp> Help() {
  const jobexec::config::Environment empty;
  jobexec::config::SettingsReader reader(empty);
  jobexec::reporter::LoadSettings(reader);
  return reader.help();
}

int Run() {
  const auto environment = jobexec::config::ProcessEnvironment();
  jobexec::config::SettingsReader reader(environment);
  const auto settings = jobexec::reporter::LoadSettings(reader);
  if (const absl::Status faults = reader.Finish(); !faults.ok()) {
    std::fprintf(stderr, "jobexec-reporter: wrong settings:\n%s\n",
                 std::string(faults.message()).c_str());
    return 2;
  }
  jobexec::log::Configure("reporter", settings.log_level);
  auto app = jobexec::reporter::App::Start(settings);
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
          {.name = "jobexec-reporter", .description = kDescription, .settings = Help()}, argc,
          argv)) {
    return *exit_code;
  }
  return Run();
}
