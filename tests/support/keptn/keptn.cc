#include "tests/support/keptn/keptn.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "tests/support/keptn/event_type.h"
#include "tests/support/keptn/ids.h"
#include "tests/support/poll.h"

namespace jobexec::test_keptn {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr size_t kMaxBodyBytes = 5 * 1024 * 1024;
constexpr int kThreads = 2;

std::string LocalUrl(int port) { return absl::StrCat("http://127.0.0.1:", port); }

}  // namespace

Keptn::Keptn(const Options& options, Clock& clock)
    : options_(options),
      clock_(clock),
      log_(clock),
      resources_(options.layout),
      engine_(options.engine,
              {.is_answered = [this](const std::string& id) { return datastore_.IsAnswered(id); },
               .latest_commit =
                   [this](const std::string& project, const std::string& stage) {
                     return resources_.LatestCommit(project, stage);
                   }},
              clock, log_),
      registry_(options.integration_ttl, clock, log_),
      oauth_(options.oauth, clock, log_),
      auth_(options.token, oauth_, clock),
      api_service_(
          options.validate_events,
          [this](const nlohmann::json& event) { return broker_->Publish(event); }, auth_, clock),
      controller_service_(engine_, registry_, log_,
                          [this](const Publications& publications) { PublishAll(publications); }),
      resource_service_(resources_, log_),
      admin_service_(*this) {}

absl::StatusOr<std::unique_ptr<Keptn>> Keptn::Start(const Options& options, Clock& clock) {
  auto keptn = std::unique_ptr<Keptn>(new Keptn(options, clock));
  if (!options.log_file.empty()) RETURN_IF_ERROR(keptn->log_.WriteTo(options.log_file));
  RETURN_IF_ERROR(keptn->ConnectBroker());
  RETURN_IF_ERROR(keptn->Listen());
  if (&clock == &RealClock()) keptn->ticker_ = std::thread([k = keptn.get()] { k->TickLoop(); });
  return keptn;
}

Keptn::~Keptn() {
  stop_.Notify();
  if (ticker_.joinable()) ticker_.join();
  tls_.reset();
  gateway_.reset();
  tls_inner_.reset();
  cluster_.reset();
  delays_.reset();
  if (broker_ != nullptr) broker_->Stop();
}

absl::Status Keptn::ConnectBroker() {
  Broker::Receivers receivers;
  receivers.controller = [this](const nlohmann::json& event, uint64_t sequence) {
    PublishAll(engine_.Handle(event, sequence));
  };
  receivers.datastore = [this](const nlohmann::json& event) { datastore_.Store(event); };
  if (options_.nats.url.empty()) {
    broker_ = std::make_unique<LocalBroker>(std::move(receivers));
  } else {
    broker_ = MakeNatsBroker(options_.nats, std::move(receivers), clock_, log_);
  }
  return broker_->Start();
}

absl::Status Keptn::Listen() {
  delays_ = std::make_unique<Delays>(RealClock());
  ASSIGN_OR_RETURN(gateway_, Serve(Front::kGateway, options_.address, options_.port));
  ASSIGN_OR_RETURN(cluster_, Serve(Front::kCluster, options_.address, options_.cluster_port));
  if (!options_.tls.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(tls_inner_, Serve(Front::kGatewayTls, "127.0.0.1", 0));
  ASSIGN_OR_RETURN(tls_, TlsListener::Start(options_.address, options_.tls_port, *options_.tls,
                                            tls_inner_->port()));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<http::Server>> Keptn::Serve(Front front, const std::string& address,
                                                           int port) {
  http::Server::Options server;
  server.address = address;
  server.port = port;
  server.threads = kThreads;
  server.max_body_bytes = kMaxBodyBytes;
  return http::Server::Start(std::move(server),
                             [this, front](http::Request request, http::Reply reply) {
                               OnRequest(front, std::move(request), std::move(reply));
                             });
}

// As the original, which does not care: what is lost here is lost.
void Keptn::PublishAll(const Publications& publications) {
  for (const nlohmann::json& event : publications) {
    const absl::Status published = broker_->Publish(event);
    if (!published.ok()) {
      log_.Add("broker", {{"lost", event}, {"error", std::string(published.message())}});
    }
  }
}

void Keptn::TickLoop() {
  while (!clock_.WaitOrStop(stop_, kTick)) Tick();
}

std::string Keptn::endpoint() const {
  return absl::StrCat(LocalUrl(port()), options_.prefix, "/api");
}
std::string Keptn::tls_endpoint() const {
  return absl::StrCat("https://127.0.0.1:", tls_port(), options_.prefix, "/api");
}
std::string Keptn::service_url(const std::string& service) const {
  return absl::StrCat(LocalUrl(cluster_port()), "/", service);
}
std::string Keptn::proxy_url() const { return LocalUrl(cluster_port()); }
std::string Keptn::oauth_discovery_url() const {
  return LocalUrl(port()) + "/oauth/.well-known/openid-configuration";
}
std::string Keptn::oauth_token_url() const { return LocalUrl(port()) + "/oauth/token"; }

void Keptn::AddProject(const std::string& project, const Shipyard& shipyard) {
  std::vector<std::string> stages;
  for (const Stage& stage : shipyard.stages) stages.push_back(stage.name);
  resources_.AddProject(project, stages);
  engine_.SetShipyard(project, shipyard);
}

absl::StatusOr<Keptn::Started> Keptn::StartSequence(const SequenceStart& start) {
  nlohmann::json data = start.data.is_object() ? start.data : nlohmann::json::object();
  data["project"] = start.project;
  data["stage"] = start.stage;
  data["service"] = start.service;
  const Started started{.context = start.context.empty() ? RandomUuid() : start.context,
                        .id = RandomUuid()};
  nlohmann::json event = {{"specversion", "1.0"},
                          {"id", started.id},
                          {"source", "test-keptn"},
                          {"type", SequenceEventType(start.stage, start.sequence, "triggered")},
                          {"time", FormatTimestamp(clock_.TimeNow())},
                          {"datacontenttype", "application/json"},
                          {"shkeptncontext", started.context},
                          {"data", std::move(data)}};
  if (!start.commit.empty()) event["gitcommitid"] = start.commit;
  RETURN_IF_ERROR(broker_->Publish(event));
  return started;
}

bool Keptn::WaitForEnd(const std::string& project, const std::string& context,
                       absl::Duration timeout) {
  const auto ended = [&] {
    const auto states = engine_.States(project, context);
    if (states.empty()) return false;
    const std::string state = json::GetString(states[0], "state");
    return state == "finished" || state == "aborted" || state == "timedOut";
  };
  return testing::PollUntil(ended, timeout);
}

void Keptn::Steer(const std::string& project, const std::string& context, Engine::Control control) {
  PublishAll(engine_.Steer(project, context, "", control));
}

int Keptn::ReadsOf(const Place& place, const std::string& path, const std::string& commit) const {
  return log_.Count("resource", {{"method", "GET"},
                                 {"project", place.project},
                                 {"stage", place.stage},
                                 {"service", place.service},
                                 {"uri", path},
                                 {"commit", commit},
                                 {"status", 200}});
}

}  // namespace jobexec::test_keptn
