// jobexec-bench: measures the services against a Kubernetes API server. Started by run.sh.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <map>

#include "tests/bench/create_bench.h"
#include "tests/bench/results.h"

namespace {

using jobexec::bench::CreateOptions;
using jobexec::bench::Installation;
using jobexec::bench::Part;
using jobexec::bench::PartResult;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "jobexec-bench: %s\n", status.ToString().c_str());
  return 1;
}

int RunCreate(const Installation& installation, const CreateOptions& options,
              const std::string& parts) {
  if (const absl::Status written = WriteFiles(installation); !written.ok()) return Fail(written);
  const std::map<char, Part> all = {
      {'a', Part::kCreate}, {'b', Part::kFinish}, {'c', Part::kCreateAlone}};
  std::vector<PartResult> results;
  for (const char part : parts) {
    auto result = Measure(all.at(part), installation, options);
    if (!result.ok()) return Fail(result.status());
    results.push_back(*std::move(result));
  }
  for (const PartResult& result : results) std::fputs(FormatTable(result).c_str(), stdout);
  std::printf("\n%s\n", FormatJson(results).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that peers have closed
  CLI::App app("Measures jobexec against a Kubernetes API server", "jobexec-bench");
  app.set_version_flag("--version", "jobexec-bench " JOBEXEC_VERSION);
  app.require_subcommand(1);
  CLI::App& create = *app.add_subcommand("create", "Bursts of events");
  Installation installation;
  CreateOptions options;
  std::string parts = "abc";
  create.add_option("--kubeconfig", installation.kubeconfig, "Cluster; client certificates")
      ->required();
  create.add_option("--programs", installation.programs, "Folder of a build")->required();
  create.add_option("--directory", installation.directory, "For logs and the store")->required();
  create.add_option("--events", options.events, "Events of a burst")
      ->check(CLI::Range(1, 20000))
      ->capture_default_str();
  create.add_option("--connections", options.connections, "Connections to intake")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  create.add_option("--in-flight", options.in_flight, "Requests in flight of the ceilings")
      ->delimiter(',')
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  create.add_option("--batches", options.batches, "Events in a request")
      ->delimiter(',')
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  create.add_option("--rounds", options.rounds, "Times that each is measured")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  create.add_option("--controllers", options.controllers, "Processes that part c stops")
      ->delimiter(',');
  create.add_option("--parts", parts, "Letters of the parts, in this order: see README.md")
      ->check(CLI::IsMember({"a", "b", "c", "ab", "ac", "bc", "abc"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (parts.back() == 'c' && options.controllers.empty()) {
    return Fail(absl::InvalidArgumentError("part c wants --controllers"));
  }
  return RunCreate(installation, options, parts);
}
