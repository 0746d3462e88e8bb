// What the main function of every service does: settings, start, wait for a signal, stop.
#pragma once

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/shutdown_signal.h"
#include "common/config/program.h"
#include "common/service/common_settings.h"
#include "common/telemetry/log.h"

namespace jobexec::service {

struct ServiceInfo {
  std::string name;         // "intake"; the program is jobexec-intake
  std::string description;  // for --help, with an example
  std::string port_field;   // how the log line "listening" calls the service's own port
};

// Runs the service until SIGTERM or SIGINT. `load` reads the settings (derived from
// CommonSettings); App has Start(settings), port(), admin_port() and Stop(). Returns the exit code:
// 0 after a clean stop, 1 if the service cannot start, 2 for wrong settings or arguments.
template <typename App, typename Load>
int ServiceMain(int argc, char** argv, const ServiceInfo& info, Load load) {
  BlockShutdownSignals();
  const config::Environment nothing;
  config::SettingsReader help(nothing);
  load(help);
  const std::string program = absl::StrCat("jobexec-", info.name);
  if (const auto exit_code = config::ParseCommandLine(
          {.name = program, .description = info.description, .settings = help.help()}, argc,
          argv)) {
    return *exit_code;
  }
  const config::Environment environment = config::ProcessEnvironment();
  config::SettingsReader reader(environment);
  const auto settings = load(reader);
  if (const absl::Status faults = reader.Finish(); !faults.ok()) {
    std::fprintf(stderr, "%s: wrong settings:\n%s\n", program.c_str(),
                 std::string(faults.message()).c_str());
    return 2;
  }
  log::Configure(info.name, settings.log_level);
  const auto app = App::Start(settings);
  if (!app.ok()) {
    log::Error("cannot start", {{"error", std::string(app.status().message())}});
    return 1;
  }
  log::Info("listening", {{info.port_field, absl::StrCat((*app)->port())},
                          {"admin_port", absl::StrCat((*app)->admin_port())}});
  WaitForShutdownSignal();
  log::Info("stopping");
  (*app)->Stop();
  return 0;
}

}  // namespace jobexec::service
