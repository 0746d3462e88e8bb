#include "intake/app.h"

#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/http/admin_server.h"
#include "common/http/http_server.h"
#include "common/keptn/api.h"
#include "common/rpc/channel.h"
#include "intake/answer_lookup.h"
#include "intake/dispatcher.h"
#include "intake/ended_sequences.h"
#include "intake/event_sources.h"
#include "intake/grpc_run_canceller.h"
#include "intake/grpc_scheduler_link.h"
#include "intake/health.h"
#include "intake/http_source.h"
#include "intake/metrics.h"
#include "intake/sequence_gate.h"

namespace jobexec::intake {
namespace {

constexpr int kHttpThreads = 2;
// For the last responses to leave once every event is answered.
constexpr absl::Duration kFlushTimeout = absl::Seconds(2);

}  // namespace

// In the order in which they depend on one another: destruction runs backwards.
struct App::Parts {
  explicit Parts(const Settings& given)
      : settings(given),
        api(given.keptn.api.mode == keptn::Mode::kNone
                ? nullptr
                : keptn::Api::Create(given.keptn.api, RealClock())),
        channel(rpc::CreateChannel(given.scheduler_address)),
        canceller(channel, {}, RealClock()),
        ends({}, canceller, RealClock(), metrics),
        link(channel, {.capacity = given.max_in_flight, .credits = given.credits}, RealClock(),
             metrics),
        gate(ends, link),
        lookup(given.keptn, api.get(), RealClock(), metrics),
        dispatcher(gate,
                   {.max_in_flight = given.max_in_flight, .submit_timeout = given.submit_timeout},
                   RealClock(), metrics, lookup.old_deliveries()),
        source(given.path, dispatcher, RealClock(), metrics) {}

  ~Parts() { Drain(absl::ZeroDuration()); }

  absl::Status StartSources() {
    ASSIGN_OR_RETURN(sources, EventSources::Start(settings.keptn, {api.get(), ends, dispatcher,
                                                                   RealClock(), metrics}));
    return absl::OkStatus();
  }

  // Nothing new is taken; what is in hand gets its outcome within `timeout`, or is given back.
  void Drain(absl::Duration timeout) {
    if (sources) sources->BeginStop();
    link.Stop(timeout);
    lookup.Stop();
    canceller.Stop();
    if (sources) sources->Stop();
  }

  absl::Status Ready() const {
    if (stopping) return absl::UnavailableError("stopping");
    absl::Status others = sources->Check();
    if (link.Up()) return others;
    return absl::UnavailableError(absl::StrCat("no stream to the scheduler at ",
                                               settings.scheduler_address, others.ok() ? "" : "; ",
                                               others.message()));
  }

  bool HasHealthAt(int port) const {
    return settings.health_enabled && settings.health_port == port;
  }

  const Settings settings;
  std::atomic<bool> stopping = false;
  Metrics metrics;
  std::unique_ptr<keptn::Api> api;  // null without Keptn
  std::shared_ptr<grpc::Channel> channel;
  GrpcRunCanceller canceller;
  EndedSequences ends;
  GrpcSchedulerLink link;
  SequenceGate gate;
  AnswerLookup lookup;
  Dispatcher dispatcher;
  HttpSource source;
  std::unique_ptr<EventSources> sources;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> health;  // null without a port of its own
  std::unique_ptr<http::Server> admin;
};

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<App>> App::Start(const Settings& settings) {
  auto parts = std::make_unique<Parts>(settings);
  Parts* p = parts.get();
  RETURN_IF_ERROR(p->StartSources());
  ASSIGN_OR_RETURN(
      p->server,
      http::Server::Start(
          {.address = settings.address,
           .port = settings.port,
           .threads = kHttpThreads,
           .max_connections = settings.max_connections,
           .max_body_bytes = settings.max_body_bytes,
           .on_refused = [p](absl::string_view reason) { p->source.NoteRefusal(reason); }},
          [p](const http::Request& request, http::Reply reply) {
            const auto health =
                p->HasHealthAt(p->settings.port) ? AnswerHealth(request) : std::nullopt;
            if (health) return std::move(reply)(*health);
            p->source.Handle(request, std::move(reply));
          }));
  if (settings.health_enabled && !p->HasHealthAt(settings.port)) {
    ASSIGN_OR_RETURN(p->health, StartHealthServer(settings.admin_address, settings.health_port));
  }
  ASSIGN_OR_RETURN(p->admin, http::StartAdminServer(
                                 {.address = settings.admin_address, .port = settings.admin_port},
                                 {.ready = [p] { return p->Ready(); },
                                  .metrics_text = [p] { return p->metrics.Text(); }}));
  return std::unique_ptr<App>(new App(std::move(parts)));
}

App::~App() { Stop(); }

int App::port() const { return parts_->server->port(); }
int App::admin_port() const { return parts_->admin->port(); }

void App::Stop() {
  parts_->stopping = true;
  parts_->Drain(parts_->settings.drain_timeout);
  parts_->server->Shutdown(kFlushTimeout);
  if (parts_->health) parts_->health->Shutdown(absl::ZeroDuration());
  parts_->admin->Shutdown(absl::ZeroDuration());
}

}  // namespace jobexec::intake
