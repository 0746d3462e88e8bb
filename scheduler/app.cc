#include "scheduler/app.h"

#include <utility>

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/status_macros.h"
#include "common/base/worker_pool.h"
#include "common/http/admin_server.h"
#include "common/kube/config.h"
#include "common/kube/metered_client.h"
#include "common/rpc/server.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "scheduler/config_source.h"
#include "scheduler/configuration_store.h"
#include "scheduler/resources_service.h"
#include "scheduler/service.h"

namespace jobexec::scheduler {
namespace {

// Threads that create the later tasks of a plan, and that serve init containers.
constexpr int kMemberThreads = 8;
constexpr int kFetchThreads = 8;
constexpr size_t kMemberQueue = 1024;
constexpr size_t kFetchQueue = 256;

void LogWarnings(const Settings& settings) {
  for (const std::string& warning : JobDefaultsWarnings(settings.planner.defaults)) {
    log::Warning("doubtful setting", {{"warning", warning}});
  }
  if (settings.grant_key_is_temporary) {
    log::Warning("doubtful setting",
                 {{"warning",
                   "GRANT_KEY_FILE is not set: Jobs that wait while this scheduler restarts "
                   "cannot fetch their files, nor can more than one scheduler run"}});
  }
}

}  // namespace

// In the order in which they depend on one another: destruction runs backwards.
struct App::Parts {
  Parts(const Settings& given, std::unique_ptr<kube::Client> client)
      : settings(given),
        metrics(registry),
        kube(std::move(client)),
        metered_kube(*kube, registry),
        files(given.files, RealClock(), registry),
        signer(given.grant_key),
        configs(files.store(), &metrics.bad_expressions),
        planner(given.planner, signer),
        members(kMemberThreads, kMemberQueue),
        launcher(metered_kube, RealClock(), members),
        handler(given.handler, configs, planner, launcher, RealClock(), metrics),
        workers(given.workers, given.queue),
        fetchers(kFetchThreads, kFetchQueue),
        queue(handler, workers, RealClock(), metrics),
        streams(queue, given.window, metrics),
        canceller({.installation = given.planner.installation,
                   .job_namespace = given.planner.defaults.job_namespace},
                  metered_kube, RealClock()),
        scheduler(queue, streams, handler, canceller, workers, RealClock()),
        resources(files.store(), signer, fetchers, RealClock(), metrics) {}

  const Settings settings;
  prometheus::Registry registry;
  Metrics metrics;
  std::unique_ptr<kube::Client> kube;
  kube::MeteredClient metered_kube;
  ConfigurationStore files;
  GrantSigner signer;
  ConfigSource configs;
  Planner planner;
  WorkerPool members;
  Launcher launcher;
  EventHandler handler;
  WorkerPool workers;
  WorkerPool fetchers;
  SubmissionQueue queue;
  EventStreams streams;
  Canceller canceller;
  SchedulerService scheduler;
  ResourcesService resources;
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<http::Server> admin;
};

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<App>> App::Start(const Settings& settings) {
  ASSIGN_OR_RETURN(auto kube, kube::ConnectCluster(settings.kubeconfig));
  auto parts = std::make_unique<Parts>(settings, std::move(kube));
  Parts* p = parts.get();
  ASSIGN_OR_RETURN(p->server,
                   rpc::Server::Start({.address = settings.address, .port = settings.port},
                                      {&p->scheduler, &p->resources}));
  ASSIGN_OR_RETURN(p->admin, http::StartAdminServer(
                                 {.address = settings.admin_address, .port = settings.admin_port},
                                 {.ready = [p] { return p->files.store().CheckReady(); },
                                  .metrics_text = [p] { return SerializeMetrics(p->registry); }}));
  p->server->SetServing(true);
  LogWarnings(settings);
  return std::unique_ptr<App>(new App(std::move(parts)));
}

App::~App() { Stop(); }

int App::port() const { return parts_->server->port(); }
int App::admin_port() const { return parts_->admin->port(); }

void App::Stop() {
  parts_->server->SetServing(false);
  parts_->streams.Drain();
  parts_->server->Shutdown(parts_->settings.drain_timeout);
  parts_->admin->Shutdown(absl::ZeroDuration());
}

}  // namespace jobexec::scheduler
