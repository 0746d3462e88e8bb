#include "intake/settings.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace jobexec::intake {
namespace {

// Fits on the stream to the scheduler (kMaxEventBytes).
constexpr int64_t kMaxBodyBytes = int64_t{3} * 1024 * 1024;

void LoadHttp(config::SettingsReader& reader, Settings& settings) {
  reader.Group("Events over HTTP");
  settings.address = reader.Text("INTAKE_ADDRESS", "0.0.0.0", "Address to take events on");
  settings.port = static_cast<int>(
      reader.Int("RCV_PORT", 8080, 0, 65535, "Port for CloudEvents over HTTP; 0: any free port"));
  settings.path = reader.Text("RCV_PATH", "/", "Path at which, and below which, events are taken");
  if (!absl::StartsWith(settings.path, "/")) {
    reader.AddFault("RCV_PATH", absl::StrCat("is \"", settings.path,
                                             "\", expected a path such as / or /v1/event"));
  }
  settings.max_body_bytes =
      reader.Int("INTAKE_MAX_BODY_BYTES", int64_t{1024} * 1024, 1024, kMaxBodyBytes,
                 "Largest request body in bytes; a larger one is answered 413");
  settings.max_connections = static_cast<int>(reader.Int(
      "INTAKE_MAX_CONNECTIONS", 512, 1, 65535, "Connections at a time; more are answered 503"));
  settings.health_enabled =
      reader.Bool("HEALTH_ENDPOINT_ENABLED", true, "Answer GET /health while the process runs");
  settings.health_port =
      static_cast<int>(reader.Int("HEALTH_ENDPOINT_PORT", settings.port, 0, 65535,
                                  "Port of GET /health; not set: that of RCV_PORT"));
}

}  // namespace

Settings LoadSettings(config::SettingsReader& reader) {
  Settings settings;
  LoadHttp(reader, settings);
  reader.Group("Handing over to the scheduler");
  settings.max_in_flight = reader.Int(
      "INTAKE_MAX_IN_FLIGHT", 1024, 1, 100'000,
      "Events without an outcome at a time; more are answered 503. Also the largest batch");
  settings.credits = reader.Int("INTAKE_STREAM_WINDOW", 256, 1, 10'000,
                                "Events on the stream to the scheduler without an outcome");
  settings.submit_timeout =
      reader.Duration("INTAKE_SUBMIT_TIMEOUT", absl::Seconds(60), absl::Seconds(1),
                      absl::Seconds(60), "Longest wait for an outcome; then the answer is 503");
  settings.drain_timeout =
      reader.Duration("INTAKE_DRAIN_TIMEOUT", absl::Seconds(20), absl::ZeroDuration(),
                      absl::Minutes(5), "Longest wait for outcomes when stopping");
  settings.scheduler_address = reader.RequiredText(
      "SCHEDULER_ADDRESS", "Where the scheduler listens: host:port or dns:///host:port");
  if (reader.IsSet("SCHEDULER_ADDRESS") && settings.scheduler_address.empty()) {
    reader.AddFault("SCHEDULER_ADDRESS", "is empty, expected host:port or dns:///host:port");
  }
  settings.keptn = LoadKeptnSettings(reader);
  service::LoadCommonSettings(reader, 8081, settings);
  return settings;
}

}  // namespace jobexec::intake
