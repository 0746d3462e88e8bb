#include "reporter/app.h"

#include <thread>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/http/admin_server.h"
#include "common/kube/config.h"
#include "common/kube/http_kube_client.h"
#include "common/kube/lease_elector.h"
#include "common/kube/metered_client.h"
#include "common/rpc/server.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "reporter/destination.h"
#include "reporter/engine.h"
#include "reporter/keptn_log.h"
#include "reporter/leadership.h"
#include "reporter/offer_watch.h"
#include "reporter/reconciler.h"
#include "reporter/run_feed.h"
#include "reporter/service.h"

namespace jobexec::reporter {
namespace {

constexpr absl::Duration kCallGrace = absl::Seconds(5);

Settings WithHolder(Settings settings) {
  settings.lease.holder = kube::NewHolderName();
  return settings;
}

}  // namespace

// In the order in which they depend on one another: destruction runs backwards.
struct App::Parts {
  Parts(const Settings& given, std::unique_ptr<kube::Client> client,
        const kube::ClusterConfig& cluster)
      : settings(WithHolder(given)),
        metrics(registry),
        kube(std::move(client)),
        metered_kube(*kube, registry),
        leadership(settings.lease, metered_kube, RealClock(), registry),
        acting_kube(kube::HttpKubeClient::Create(cluster, RealClock(), may_act)),
        metered_acting_kube(*acting_kube, registry),
        destination(given, RealClock(), may_act),
        queue(RealClock()),
        feed(store),
        keptn_log(MakeKeptnLog()),
        offer_watch(MakeOfferWatch()),
        reconciler({.answers = given.answers,
                    .holder = settings.lease.holder,
                    .log_limits = given.log_limits,
                    .may_act = may_act},
                   {metered_acting_kube, destination.publisher(), store, queue, metrics, archive,
                    RealClock(), keptn_log.get()}),
        log_reader({metered_kube, store, archive, RealClock()}),
        log_streams({.max_calls = given.log_streams}, log_reader),
        engine({.namespaces = given.namespaces,
                .installation = given.answers.installation,
                .workers = given.workers},
               {metered_kube, store, queue, feed, reconciler, leadership, metrics, RealClock(),
                [this] { ResetConnections(); }, [this] { server->SetServing(true); }}),
        service(store, feed, log_streams, [this] { return engine.Synced(); }) {}

  // Null without Keptn.
  std::unique_ptr<KeptnLog> MakeKeptnLog() {
    if (destination.keptn() == nullptr) return nullptr;
    return std::make_unique<KeptnLog>(
        KeptnLog::Parts{*destination.keptn(), metered_acting_kube, metrics, RealClock(), may_act});
  }

  // Null unless offers are polled.
  std::unique_ptr<OfferWatch> MakeOfferWatch() {
    if (settings.keptn.mode != keptn::Mode::kRemote) return nullptr;
    return std::make_unique<OfferWatch>(OfferWatch::Parts{*destination.keptn(), metered_acting_kube,
                                                          store, metrics, RealClock(), may_act});
  }

  // Of whatever writes or answers.
  void ResetConnections() {
    acting_kube->Abort();
    destination.Abort();
  }

  absl::Status CheckReady() const {
    if (stop.HasBeenNotified()) return absl::UnavailableError("stopping");
    if (!engine.Synced()) {
      return absl::UnavailableError("the first list of Jobs and pods is not complete");
    }
    RETURN_IF_ERROR(leadership.Check());
    return destination.CheckReachable();
  }

  void StartThreads() {
    engine.Start();
    threads.emplace_back([this] { destination.KeepProbing(stop); });
    if (keptn_log != nullptr) threads.emplace_back([this] { keptn_log->Run(stop); });
    if (offer_watch != nullptr) threads.emplace_back([this] { offer_watch->Run(stop); });
  }

  const Settings settings;
  prometheus::Registry registry;
  Metrics metrics;
  const std::unique_ptr<kube::Client> kube;  // for watching, reading and the Lease
  kube::MeteredClient metered_kube;
  Leadership leadership;
  const std::function<bool()> may_act = [this] { return leadership.MayAct(); };
  const std::unique_ptr<kube::HttpKubeClient> acting_kube;
  kube::MeteredClient metered_acting_kube;
  Destination destination;
  Store store;
  WorkQueue queue;
  RunFeed feed;
  LogArchive archive;
  std::unique_ptr<KeptnLog> keptn_log;
  std::unique_ptr<OfferWatch> offer_watch;
  Reconciler reconciler;
  LogReader log_reader;
  LogStreams log_streams;
  Engine engine;
  ReporterService service;
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<http::Server> admin;
  absl::Notification stop;
  std::vector<std::thread> threads;
};

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<App>> App::Start(const Settings& settings) {
  ASSIGN_OR_RETURN(auto kube, kube::ConnectCluster(settings.kubeconfig));
  ASSIGN_OR_RETURN(const kube::ClusterConfig cluster, kube::LoadClusterConfig(settings.kubeconfig));
  auto parts = std::make_unique<Parts>(settings, std::move(kube), cluster);
  Parts* p = parts.get();
  ASSIGN_OR_RETURN(
      p->server,
      rpc::Server::Start({.address = settings.address, .port = settings.port}, {&p->service}));
  ASSIGN_OR_RETURN(p->admin, http::StartAdminServer(
                                 {.address = settings.admin_address, .port = settings.admin_port},
                                 {.ready = [p] { return p->CheckReady(); },
                                  .metrics_text = [p] { return SerializeMetrics(p->registry); }}));
  p->StartThreads();
  return std::unique_ptr<App>(new App(std::move(parts)));
}

App::~App() { Stop(); }

int App::port() const { return parts_->server->port(); }
int App::admin_port() const { return parts_->admin->port(); }

void App::Stop() {
  if (parts_->stop.HasBeenNotified()) return;
  parts_->server->SetServing(false);
  parts_->stop.Notify();
  parts_->queue.Close();
  if (parts_->keptn_log != nullptr) parts_->keptn_log->Close();
  for (std::thread& thread : parts_->threads) thread.join();
  parts_->engine.Stop();
  parts_->feed.Stop();
  parts_->log_streams.Stop();
  parts_->server->Shutdown(kCallGrace);
  parts_->admin->Shutdown(absl::ZeroDuration());
}

}  // namespace jobexec::reporter
