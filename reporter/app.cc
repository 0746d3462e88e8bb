#include "reporter/app.h"

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/status_macros.h"
#include "common/http/admin_server.h"
#include "common/kube/config.h"
#include "common/kube/metered_client.h"
#include "common/nats/connection.h"
#include "common/rpc/server.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "reporter/http_sink_publisher.h"
#include "reporter/job_watcher.h"
#include "reporter/nats_publisher.h"
#include "reporter/reconciler.h"
#include "reporter/run_feed.h"
#include "reporter/service.h"

namespace jobexec::reporter {
namespace {

// How often delayed events are looked at.
constexpr absl::Duration kTick = absl::Milliseconds(50);
constexpr absl::Duration kCallGrace = absl::Seconds(5);

// Differs in every life of every process.
std::string HolderName() {
  char host[256] = "";
  (void)gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "-", absl::BytesToHexString(RandomBytes(8)));
}

// Where answers go, and the connection it uses.
struct Destination {
  explicit Destination(const Settings& settings) {
    if (settings.nats_urls.empty()) {
      http = http::Client::Create({});
      publisher = std::make_unique<HttpSinkPublisher>(settings.sink, *http);
    } else {
      nats = nats::Connection::Create({.urls = settings.nats_urls, .name = "jobexec-reporter"},
                                      RealClock());
      publisher = std::make_unique<NatsPublisher>(*nats, RealClock());
    }
  }

  std::unique_ptr<http::Client> http;
  std::unique_ptr<nats::Connection> nats;
  std::unique_ptr<EventPublisher> publisher;
};

}  // namespace

// In the order in which they depend on one another: destruction runs backwards.
struct App::Parts {
  Parts(const Settings& given, std::unique_ptr<kube::Client> client)
      : settings(given),
        metrics(registry),
        kube(std::move(client)),
        metered_kube(*kube, registry),
        destination(given),
        queue(RealClock()),
        feed(store),
        reconciler(
            {.answers = given.answers, .holder = HolderName(), .log_limits = given.log_limits},
            {metered_kube, *destination.publisher, store, queue, metrics, archive, RealClock()}),
        log_reader({metered_kube, store, archive, RealClock()}),
        log_streams({.max_calls = given.log_streams}, log_reader),
        service(store, feed, log_streams, [this] { return Synced(); }) {
    for (const std::string& name : given.namespaces) {
      AddWatcher(JobWatcher::Resource::kJobs, name);
      AddWatcher(JobWatcher::Resource::kPods, name);
    }
  }

  void AddWatcher(JobWatcher::Resource resource, const std::string& name_space) {
    watchers.push_back(std::make_unique<JobWatcher>(
        resource, name_space, settings.answers.installation,
        JobWatcher::Parts{metered_kube, store, queue, metrics, RealClock()}));
  }

  bool Synced() const {
    return std::all_of(watchers.begin(), watchers.end(),
                       [](const auto& watcher) { return watcher->synced(); });
  }

  absl::Status CheckReady() const {
    if (stop.HasBeenNotified()) return absl::UnavailableError("stopping");
    if (!Synced()) return absl::UnavailableError("the first list of Jobs and pods is not complete");
    return absl::OkStatus();
  }

  void StartThreads() {
    for (const auto& watcher : watchers) {
      threads.emplace_back([this, w = watcher.get()] { w->Run(stop); });
    }
    for (int i = 0; i < settings.workers; ++i) {
      threads.emplace_back([this] { Work(); });
    }
    threads.emplace_back([this] { Tick(); });
  }

  // One worker.
  void Work() {
    while (const std::optional<std::string> hash = queue.Take()) {
      reconciler.Process(*hash);
      feed.Notify(*hash);
      queue.Done(*hash);
    }
  }

  // Nothing is decided before everything has been listed.
  void Tick() {
    bool open = false;
    while (!RealClock().WaitOrStop(stop, kTick)) {
      if (!open && Synced()) {
        open = true;
        queue.Open();
        server->SetServing(true);
        log::Info("first lists are complete");
      }
      queue.AddDue();
    }
  }

  const Settings settings;
  prometheus::Registry registry;
  Metrics metrics;
  std::unique_ptr<kube::Client> kube;
  kube::MeteredClient metered_kube;
  Destination destination;
  Store store;
  WorkQueue queue;
  RunFeed feed;
  LogArchive archive;
  Reconciler reconciler;
  LogReader log_reader;
  LogStreams log_streams;
  ReporterService service;
  std::vector<std::unique_ptr<JobWatcher>> watchers;
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<http::Server> admin;
  absl::Notification stop;
  std::vector<std::thread> threads;
};

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<App>> App::Start(const Settings& settings) {
  ASSIGN_OR_RETURN(auto kube, kube::ConnectCluster(settings.kubeconfig));
  auto parts = std::make_unique<Parts>(settings, std::move(kube));
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
  for (std::thread& thread : parts_->threads) thread.join();
  parts_->feed.Stop();
  parts_->log_streams.Stop();
  parts_->server->Shutdown(kCallGrace);
  parts_->admin->Shutdown(absl::ZeroDuration());
}

}  // namespace jobexec::reporter
