// jobexec-init: the init container. Fetches the task's files from the scheduler into /keptn.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/clock.h"
#include "common/config/program.h"
#include "common/rpc/channel.h"
#include "common/telemetry/log.h"
#include "initcontainer/fetcher.h"
#include "initcontainer/settings.h"

namespace {

constexpr char kName[] = "jobexec-init";
constexpr char kDescription[] =
    "Fetches the files of a task from the scheduler. Runs as the init container of a Job; the\n"
    "scheduler sets its variables.";
constexpr char kExamples[] =
    "  JOBEXEC_GRANT=\"$(cat grant)\" jobexec-init --jobexec-scheduler=localhost:9090 "
    "--jobexec-target=.\n";

// The last line on standard error becomes the end of the pod's termination message, and so a part
// of the answer.
int Fail(const absl::Status& status, int code) {
  const std::string line = absl::StrReplaceAll(status.message(), {{"\n", "; "}});
  std::fprintf(stderr, "%s: %s\n", kName, line.c_str());
  return code;
}

// Nothing has to be tidied up, but as process 1 of its container it would not even be ended.
void EndAtOnce(int signal) { _exit(128 + signal); }

int Fetch(const jobexec::initcontainer::Settings& settings) {
  jobexec::log::Configure("init", jobexec::log::Level::kInfo);
  const auto stub =
      jobexecutor::v1::Resources::NewStub(jobexec::rpc::CreateChannel(settings.fetch.scheduler));
  jobexec::initcontainer::FileWriter writer(settings.target);
  const auto files =
      jobexec::initcontainer::FetchFiles(*stub, settings.fetch, writer, jobexec::RealClock());
  if (!files.ok()) return Fail(files.status(), 1);
  jobexec::log::Info("files fetched",
                     {{"files", absl::StrCat(*files)}, {"target", settings.target}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using jobexec::initcontainer::LoadSettings;
  const std::vector<std::string> words(argv + 1, argv + argc);
  const jobexec::config::Program program = {.name = kName,
                                            .description = kDescription,
                                            .examples = kExamples,
                                            .settings = jobexec::config::SettingsOf(LoadSettings)};
  if (const auto text = jobexec::config::HelpOrVersion(program, words)) {
    return std::fputs(text->c_str(), stdout) < 0 ? 1 : 0;
  }
  std::signal(SIGTERM, EndAtOnce);
  jobexec::config::SettingsReader reader(
      jobexec::config::ReadSources(program.settings, words, jobexec::config::ProcessEnvironment()));
  const auto settings = LoadSettings(reader);
  if (const absl::Status faults = reader.Finish(); !faults.ok()) return Fail(faults, 2);
  return Fetch(settings);
}
