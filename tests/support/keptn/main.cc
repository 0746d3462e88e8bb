// jobexec-test-keptn: the test Keptn as a program, for tests and trials in other processes.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/file.h"
#include "common/base/shutdown_signal.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "tests/support/keptn/keptn.h"

namespace {

using jobexec::ReadFile;
using jobexec::test_keptn::Keptn;
using jobexec::test_keptn::ParseShipyard;

constexpr size_t kMaxFileBytes = 1024 * 1024;

struct Arguments {
  Keptn::Options options;
  std::vector<std::pair<std::string, std::string>> shipyards;  // project and file
  std::string resources;
  std::string tls_certificate;
  std::string tls_key;
  bool directories = false;
};

// A duration such as 90s, 10m or 1h.
void AddDuration(CLI::App& app, const std::string& name, absl::Duration& duration,
                 const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [name, &duration](const std::string& text) {
           if (absl::ParseDuration(text, &duration)) return;
           throw CLI::ValidationError(name, "expected a duration such as 90s");
         },
         help)
      ->default_str(absl::FormatDuration(duration));
}

void AddDurations(CLI::App& app, Keptn::Options& options) {
  AddDuration(app, "--started-wait", options.engine.started_wait,
              "A task without an answer for this long ends its sequence");
  AddDuration(app, "--watch-interval", options.engine.watch_interval,
              "How often such tasks are looked for");
  AddDuration(app, "--integration-ttl", options.integration_ttl,
              "An integration that does not ping for this long is forgotten");
  AddDuration(app, "--oauth-expiry", options.oauth.expiry, "Life of a bearer token");
}

void AddOptions(CLI::App& app, Arguments& arguments) {
  Keptn::Options& options = arguments.options;
  app.add_option("--address", options.address, "Where it listens")->capture_default_str();
  app.add_option("--port", options.port, "Port of the gateway; 0: any")->capture_default_str();
  app.add_option("--cluster-port", options.cluster_port,
                 "Port of the services as seen inside the cluster; 0: any")
      ->capture_default_str();
  app.add_option("--prefix", options.prefix, "Prefix of the gateway's paths, e.g. /keptn");
  app.add_option("--gateway-token", options.token, "The x-token; empty: none is wanted")
      ->capture_default_str();
  app.add_option("--nats-url", options.nats.url, "NATS server with JetStream; empty: none");
  app.add_flag("--nats-confirm", options.nats.confirm,
               "Publish again until NATS has it (Keptn itself does not)");
  app.add_flag("--nats-forget-redeliveries", options.nats.forget_redeliveries,
               "Count no message twice after a lost acknowledgement (Keptn itself does)");
  app.add_option("--shipyard", arguments.shipyards, "Shipyard file of a project; may be repeated")
      ->type_name("PROJECT FILE");
  app.add_option("--resources", arguments.resources,
                 "Files: DIR/PROJECT/BRANCH/..., BRANCH master or a stage");
  app.add_flag("--directory-stages", arguments.directories,
               "Stages are directories of one branch (DIRECTORY_STAGE_STRUCTURE)");
  app.add_flag("--validate-events", options.validate_events, "EVENT_VALIDATION_ENABLED");
  app.add_option("--oauth-client-id", options.oauth.client_id, "Client of the OAuth server");
  app.add_option("--oauth-client-secret", options.oauth.client_secret, "Its secret");
  app.add_option("--oauth-scopes", options.oauth.scopes, "What it may ask for")->delimiter(',');
  app.add_flag("--oauth-required", options.oauth.required, "The gateway wants a bearer token");
  auto* certificate = app.add_option("--tls-certificate", arguments.tls_certificate, "PEM file");
  app.add_option("--tls-key", arguments.tls_key, "PEM file")->needs(certificate);
  app.add_option("--tls-port", options.tls_port, "Port of the gateway with TLS; 0: any")
      ->needs(certificate);
  app.add_option("--log-file", options.log_file, "What happened, as JSON lines");
}

absl::Status ReadTls(Arguments& arguments) {
  if (arguments.tls_certificate.empty()) return absl::OkStatus();
  jobexec::testing::KeyPair identity;
  ASSIGN_OR_RETURN(identity.certificate_pem, ReadFile(arguments.tls_certificate, kMaxFileBytes));
  ASSIGN_OR_RETURN(identity.key_pem, ReadFile(arguments.tls_key, kMaxFileBytes));
  arguments.options.tls = std::move(identity);
  return absl::OkStatus();
}

absl::Status Fill(Keptn& keptn, const Arguments& arguments) {
  for (const auto& [project, file] : arguments.shipyards) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMaxFileBytes));
    ASSIGN_OR_RETURN(const auto shipyard, ParseShipyard(text));
    keptn.AddProject(project, shipyard);
  }
  if (arguments.resources.empty()) return absl::OkStatus();
  return keptn.resources().Load(arguments.resources);
}

absl::Status Run(Arguments& arguments) {
  if (arguments.directories) {
    arguments.options.layout = jobexec::test_keptn::ResourceHistory::Layout::kDirectories;
  }
  RETURN_IF_ERROR(ReadTls(arguments));
  ASSIGN_OR_RETURN(const auto keptn, Keptn::Start(arguments.options));
  RETURN_IF_ERROR(Fill(*keptn, arguments));
  const nlohmann::json started = {{"msg", "test Keptn listens"},
                                  {"port", keptn->port()},
                                  {"cluster_port", keptn->cluster_port()},
                                  {"tls_port", keptn->tls_port()},
                                  {"endpoint", keptn->endpoint()}};
  std::printf("%s\n", jobexec::json::Dump(started).c_str());
  std::fflush(stdout);
  jobexec::WaitForShutdownSignal();
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  jobexec::BlockShutdownSignals();
  CLI::App app("Speaks the protocol of Keptn 1.4.5 for tests, its faults included",
               "jobexec-test-keptn");
  app.set_version_flag("--version", "jobexec-test-keptn " JOBEXEC_VERSION);
  Arguments arguments;
  AddOptions(app, arguments);
  AddDurations(app, arguments.options);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = Run(arguments);
  if (status.ok()) return 0;
  std::fprintf(stderr, "jobexec-test-keptn: %s\n", status.ToString().c_str());
  return 1;
}
