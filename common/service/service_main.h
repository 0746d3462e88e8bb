// What the main function of every service does: settings, start, wait for a signal, stop.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "common/base/shutdown_signal.h"
#include "common/config/program.h"
#include "common/config/settings.h"
#include "common/service/common_settings.h"
#include "common/service/settings_log.h"
#include "common/telemetry/log.h"

namespace jobexec::service {

struct ServiceInfo {
  std::string name;         // "intake"; the program is jobexec-intake
  std::string description;  // for --help
  std::string examples;     // for --help, lines
  std::string port_field;   // how the log line "listening" calls the service's own port
};

// Runs the service until SIGTERM or SIGINT. `load` reads the settings (derived from
// CommonSettings); App has Start(settings), port(), admin_port() and Stop(). Returns the exit code:
// 0 after a clean stop, 1 if the service cannot start, 2 for wrong settings or arguments.
template <typename App, typename Load>
int ServiceMain(int argc, char** argv, const ServiceInfo& info, Load load) {
  BlockShutdownSignals();
  const std::vector<std::string> words(argv + 1, argv + argc);
  const config::Program program = {.name = absl::StrCat("jobexec-", info.name),
                                   .description = info.description,
                                   .examples = info.examples,
                                   .settings = config::SettingsOf(load)};
  if (const auto text = config::HelpOrVersion(program, words)) {
    return std::fputs(text->c_str(), stdout) < 0 ? 1 : 0;
  }
  config::SettingsReader reader(
      config::ReadSources(program.settings, words, config::ProcessEnvironment()));
  const auto settings = load(reader);
  if (const absl::Status faults = reader.Finish(); !faults.ok()) {
    const std::string lines = absl::StrReplaceAll(faults.message(), {{"\n", "\n  "}});
    std::fprintf(stderr, "%s: wrong settings:\n  %s\n%s --help lists all of them.\n",
                 program.name.c_str(), lines.c_str(), program.name.c_str());
    return 2;
  }
  log::Configure(info.name, settings.log_level);
  LogSettings(reader.settings());
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
