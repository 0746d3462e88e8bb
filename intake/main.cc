// jobexec-intake: takes CloudEvents over HTTP and hands them to the scheduler.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/base/shutdown_signal.h"
#include "common/config/program.h"
#include "common/telemetry/log.h"
#include "intake/app.h"

namespace {

constexpr char kDescription[] =
    "Takes CloudEvents over HTTP, hands them to the scheduler and answers with its decision.\n"
    "Example: SCHEDULER_ADDRESS=localhost:8090 jobexec-intake";

std::vector<jobexec::config::SettingHelp> Help() {
  const jobexec::config::Environment empty;
  jobexec::config::SettingsReader reader(empty);
  jobexec::intake::LoadSettings(reader);
  return reader.help();
}

int Run() {
  const auto environment = jobexec::config::ProcessEnvironment();
  jobexec::config::SettingsReader reader(environment);
  const auto settings = jobexec::intake::LoadSettings(reader);
  if (const absl::Status faults = reader.Finish(); !faults.ok()) {
    std::fprintf(stderr, "jobexec-intake: wrong settings:\n%s\n",
                 std::string(faults.message()).c_str());
    return 2;
  }
  jobexec::log::Configure("intake", settings.log_level);
  auto app = jobexec::intake::App::Start(settings);
  if (!app.ok()) {
    jobexec::log::Error("cannot start", {{"error", std::string(app.status().message())}});
    return 1;
  }
  jobexec::log::Info("listening", {{"http_port", absl::StrCat((*app)->port())},
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
          {.name = "jobexec-intake", .description = kDescription, .settings = Help()}, argc,
          argv)) {
    return *exit_code;
  }
  return Run();
}
