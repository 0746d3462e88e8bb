// A test Keptn: one object (or the program jobexec-test-keptn) that speaks the protocol of Keptn
// 1.4.5, its faults included: a repeated .started hangs its sequence, paging repeats the first
// page, the API replaces event ids.
//
// Everything in one process, without NATS:
//
//   ASSERT_OK_AND_ASSIGN(auto keptn, test_keptn::Keptn::Start({}));
//   keptn->AddProject("shop", test_keptn::SimpleShipyard("dev", "delivery", {"deploy", "test"}));
//   keptn->resources().CommitFile({"shop", "dev", "cart"}, "job/config.yaml", "...");
//   // KEPTN_API_ENDPOINT=keptn->endpoint(), KEPTN_API_TOKEN=keptn->token()
//   auto run = keptn->StartSequence({.project = "shop", .stage = "dev", .service = "cart",
//                                    .sequence = "delivery"});
//   keptn->WaitForEnd(run.context, absl::Seconds(30));
//   keptn->log().Count("event", {{"type", "sh.keptn.event.deploy.started"},
//                                {"outcome", "counted"}});
//
// Only the resource-service: commit files, read through endpoint() + "/resource-service" or
// service_url("resource-service"), then count keptn->ReadsOf(place, path, commit).
// Inside the cluster: set Options::nats (tests/support/nats_server.h gives a url). The services are
// at service_url("shipyard-controller") and so on, or under their real names with
// http_proxy=proxy_url().
// Faults: keptn->faults().Add({.path = "*/v1/event", .body = "deploy.started",
//                              .effect = test_keptn::Fault::Effect::kLoseReply});
// What happened: keptn->log(), its kinds are in event_log.h.
//
// The program has the same over HTTP, without token: GET /test/log?kind=&after= (JSON lines),
// GET, POST and DELETE /test/faults, POST /test/sequences, POST /test/resources,
// PUT /test/switches; see admin_service.h.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/http/http_server.h"
#include "tests/support/keptn/admin_service.h"
#include "tests/support/keptn/api_service.h"
#include "tests/support/keptn/auth.h"
#include "tests/support/keptn/broker.h"
#include "tests/support/keptn/controller_service.h"
#include "tests/support/keptn/datastore.h"
#include "tests/support/keptn/delays.h"
#include "tests/support/keptn/engine.h"
#include "tests/support/keptn/event_log.h"
#include "tests/support/keptn/faults.h"
#include "tests/support/keptn/nats_broker.h"
#include "tests/support/keptn/registry.h"
#include "tests/support/keptn/resource_history.h"
#include "tests/support/keptn/resource_service.h"
#include "tests/support/keptn/routing.h"
#include "tests/support/keptn/shipyard.h"
#include "tests/support/keptn/tls_listener.h"
#include "tests/support/keptn/wire.h"

namespace jobexec::test_keptn {

// Thread-safe.
class Keptn {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    int port = 0;                      // of the gateway; 0: any
    int cluster_port = 0;              // of the services as seen inside the cluster
    int tls_port = 0;                  // of the gateway with TLS, if `tls` is set
    std::string prefix;                // of the gateway's paths, e.g. "/keptn"
    std::string token = "test-token";  // the x-token; empty: none is wanted
    NatsOptions nats;                  // without url: no NATS
    OAuthOptions oauth;
    std::optional<testing::KeyPair> tls;  // the gateway's certificate
    bool validate_events = false;         // EVENT_VALIDATION_ENABLED
    absl::Duration integration_ttl = absl::Hours(48);
    Engine::Options engine;
    ResourceHistory::Layout layout = ResourceHistory::Layout::kBranches;
    std::string log_file;  // empty: the log is only in memory
  };

  struct SequenceStart {
    std::string project;
    std::string stage;
    std::string service;
    std::string sequence;
    nlohmann::json data;  // further members, e.g. labels
    std::string context;  // empty: a new one
    std::string commit;   // empty: the newest of the stage
  };
  struct Started {
    std::string context;
    std::string id;  // of the sequence's .triggered event
  };

  // `clock` must outlive it; anything but the real clock moves nothing by itself (see
  // Engine::Tick). UNAVAILABLE: a port cannot be bound, or NATS cannot be reached.
  static absl::StatusOr<std::unique_ptr<Keptn>> Start(const Options& options,
                                                      Clock& clock = RealClock());
  ~Keptn();

  // The values of KEPTN_API_ENDPOINT: "http://127.0.0.1:PORT/api", and the same with TLS.
  std::string endpoint() const;
  std::string tls_endpoint() const;
  const std::string& token() const { return options_.token; }
  // Base URL of a service inside the cluster: "api-service", "shipyard-controller",
  // "resource-service", "mongodb-datastore".
  std::string service_url(const std::string& service) const;
  // A proxy that knows these names.
  std::string proxy_url() const;
  // "http://127.0.0.1:PORT/oauth/.well-known/openid-configuration" and ".../oauth/token".
  std::string oauth_discovery_url() const;
  std::string oauth_token_url() const;
  int port() const { return gateway_->port(); }
  int cluster_port() const { return cluster_->port(); }
  int tls_port() const { return tls_ == nullptr ? 0 : tls_->port(); }

  // A project with its shipyard; its stages get branches in the resource-service.
  void AddProject(const std::string& project, const Shipyard& shipyard);

  // Publishes the event that starts a sequence. UNAVAILABLE as Broker::Publish.
  absl::StatusOr<Started> StartSequence(const SequenceStart& start);

  // Waits until all sequences of the context have ended, their followers included. False if they
  // do not in time.
  bool WaitForEnd(const std::string& project, const std::string& context, absl::Duration timeout);

  // As POST /v1/sequence/{project}/{context}/control.
  void Steer(const std::string& project, const std::string& context, Engine::Control control);

  // See Engine::Tick.
  void Tick() { PublishAll(engine_.Tick()); }

  // How often a file was read successfully at a commit (empty: unpinned).
  int ReadsOf(const Place& place, const std::string& path, const std::string& commit) const;

  // The api-service is away: the gateway answers 502 for it, and 429 for everything that it would
  // have to ask it for.
  void SetApiDown(bool down) { api_down_ = down; }

  EventLog& log() { return log_; }
  Engine& engine() { return engine_; }
  Registry& integrations() { return registry_; }
  ResourceHistory& resources() { return resources_; }
  Datastore& datastore() { return datastore_; }
  Faults& faults() { return faults_; }
  Auth& auth() { return auth_; }
  OAuthServer& oauth() { return oauth_; }
  Broker& broker() { return *broker_; }
  ControllerService& controller() { return controller_service_; }

 private:
  enum class Front { kGateway, kGatewayTls, kCluster };

  Keptn(const Options& options, Clock& clock);
  absl::Status Listen();
  absl::StatusOr<std::unique_ptr<http::Server>> Serve(Front front, const std::string& address,
                                                      int port);
  absl::Status ConnectBroker();
  void PublishAll(const Publications& publications);
  void TickLoop();

  // front.cc: one call from its door to its answer.
  void OnRequest(Front front, http::Request request, http::Reply reply);
  void ApplyFault(Front front, const Fault& fault, const http::Request& request, http::Reply reply);
  http::Response Answer(Front front, const http::Request& request);
  http::Response Dispatch(Front front, Service service, const ServiceRequest& request);
  Routing Route(Front front, const ServiceRequest& request) const;
  void Note(Front front, const http::Request& request, nlohmann::json fields);

  const Options options_;
  Clock& clock_;
  EventLog log_;
  Datastore datastore_;
  ResourceHistory resources_;
  Engine engine_;
  Registry registry_;
  Faults faults_;
  OAuthServer oauth_;
  Auth auth_;
  ApiService api_service_;
  ControllerService controller_service_;
  ResourceService resource_service_;
  AdminService admin_service_;
  std::atomic<bool> api_down_ = false;
  std::unique_ptr<Broker> broker_;
  absl::Notification stop_;
  std::thread ticker_;
  std::unique_ptr<Delays> delays_;
  std::unique_ptr<http::Server> gateway_;
  std::unique_ptr<http::Server> tls_inner_;
  std::unique_ptr<TlsListener> tls_;
  std::unique_ptr<http::Server> cluster_;
};

}  // namespace jobexec::test_keptn
