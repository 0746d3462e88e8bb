#include "intake/app.h"

#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/http/admin_server.h"
#include "common/http/http_server.h"
#include "common/rpc/channel.h"
#include "intake/dispatcher.h"
#include "intake/grpc_scheduler_link.h"
#include "intake/http_source.h"
#include "intake/metrics.h"

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
        link(rpc::CreateChannel(given.scheduler_address),
             {.capacity = given.max_in_flight, .credits = given.credits}, RealClock(), metrics),
        dispatcher(link,
                   {.max_in_flight = given.max_in_flight, .submit_timeout = given.submit_timeout},
                   RealClock(), metrics),
        source(given.path, dispatcher, RealClock(), metrics) {}

  // The link's last answers go through the dispatcher.
  ~Parts() { link.Stop(absl::ZeroDuration()); }

  absl::Status Ready() const {
    if (stopping) return absl::UnavailableError("stopping");
    if (link.Up()) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("no stream to the scheduler at ", settings.scheduler_address));
  }

  const Settings settings;
  std::atomic<bool> stopping = false;
  Metrics metrics;
  GrpcSchedulerLink link;
  Dispatcher dispatcher;
  HttpSource source;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> admin;
};

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<App>> App::Start(const Settings& settings) {
  auto parts = std::make_unique<Parts>(settings);
  Parts* p = parts.get();
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
            p->source.Handle(request, std::move(reply));
          }));
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
  parts_->link.Stop(parts_->settings.drain_timeout);
  parts_->server->Shutdown(kFlushTimeout);
  parts_->admin->Shutdown(absl::ZeroDuration());
}

}  // namespace jobexec::intake
