// jobexec-init: the init container. Fetches the task's files from the scheduler into /keptn.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/clock.h"
#include "common/config/program.h"
#include "common/rpc/channel.h"
#include "common/telemetry/log.h"
#include "initcontainer/fetcher.h"

namespace {

constexpr char kDescription[] =
    "Fetches the files of a task from the scheduler. Runs as the init container of a Job; the\n"
    "scheduler sets its variables.";

struct Settings {
  std::string target;
  jobexec::initcontainer::FetchOptions fetch;
};

Settings Load(jobexec::config::SettingsReader& reader) {
  Settings settings;
  settings.fetch.scheduler = reader.RequiredText("JOBEXEC_SCHEDULER", "host:port of the scheduler");
  settings.fetch.grant = reader.RequiredText("JOBEXEC_GRANT", "What may be fetched; a secret");
  settings.target = reader.Text("JOBEXEC_TARGET", "/keptn", "Folder that gets the files");
  settings.fetch.retry_for =
      reader.Duration("JOBEXEC_RETRY_FOR", absl::Minutes(2), absl::ZeroDuration(), absl::Hours(1),
                      "How long transient errors are retried");
  return settings;
}

std::vector<jobexec::config::SettingHelp> Help() {
  const jobexec::config::Environment empty;
  jobexec::config::SettingsReader reader(empty);
  Load(reader);
  return reader.help();
}

// The last line on standard error becomes the end of the pod's termination message, and so a part
// of the answer.
int Fail(const absl::Status& status) {
  const std::string line = absl::StrReplaceAll(status.message(), {{"\n", "; "}});
  std::fprintf(stderr, "jobexec-init: %s\n", line.c_str());
  return 1;
}

// Nothing has to be tidied up, but as process 1 of its container it would not even be ended.
void EndAtOnce(int signal) { _exit(128 + signal); }

int Run() {
  const auto environment = jobexec::config::ProcessEnvironment();
  jobexec::config::SettingsReader reader(environment);
  const Settings settings = Load(reader);
  if (const absl::Status faults = reader.Finish(); !faults.ok()) return Fail(faults);
  jobexec::log::Configure("init", jobexec::log::Level::kInfo);
  const auto stub =
      jobexecutor::v1::Resources::NewStub(jobexec::rpc::CreateChannel(settings.fetch.scheduler));
  jobexec::initcontainer::FileWriter writer(settings.target);
  const auto files =
      jobexec::initcontainer::FetchFiles(*stub, settings.fetch, writer, jobexec::RealClock());
  if (!files.ok()) return Fail(files.status());
  jobexec::log::Info("files fetched",
                     {{"files", absl::StrCat(*files)}, {"target", settings.target}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto exit_code = jobexec::config::ParseCommandLine(
          {.name = "jobexec-init", .description = kDescription, .settings = Help()}, argc, argv)) {
    return *exit_code;
  }
  std::signal(SIGTERM, EndAtOnce);
  return Run();
}
