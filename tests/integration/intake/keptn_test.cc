// The whole of intake with the test Keptn, over its remote API and in its cluster.
#include "tests/support/keptn/keptn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/cloudevents/event.h"
#include "common/http/http_client.h"
#include "intake/app.h"
#include "tests/support/nats_server.h"
#include "tests/support/poll.h"
#include "tests/support/temp_directory.h"
#include "tests/support/test_scheduler.h"
#include "tests/support/tls_material.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::NatsServer;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::TestScheduler;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kDeploy[] = "sh.keptn.event.deploy.triggered";
constexpr char kTest[] = "sh.keptn.event.test.triggered";

class IntakeKeptnTest : public ::testing::Test {
 protected:
  void StartKeptn(const test_keptn::Keptn::Options& options = {}) {
    auto keptn = test_keptn::Keptn::Start(options);
    ASSERT_TRUE(keptn.ok()) << keptn.status();
    keptn_ = *std::move(keptn);
    keptn_->AddProject("shop", test_keptn::SimpleShipyard("dev", "delivery", {"deploy"}));
  }

  void StartIntake(config::Environment environment) {
    const config::Environment common = {{"SCHEDULER_ADDRESS", scheduler_.address()},
                                        {"INTAKE_ADDRESS", "127.0.0.1"},
                                        {"RCV_PORT", "0"},
                                        {"ADMIN_ADDRESS", "127.0.0.1"},
                                        {"ADMIN_PORT", "0"},
                                        {"PUBSUB_TOPIC", kDeploy},
                                        {"K8S_NODE_NAME", "node-1"},
                                        {"K8S_NAMESPACE", "keptn"},
                                        {"HEARTBEAT_INTERVAL", "100ms"},
                                        {"HTTP_POLLING_INTERVAL", "100ms"},
                                        {"INTAKE_POLL_LEASE", ""}};
    environment.insert(common.begin(), common.end());
    config::SettingsReader reader(environment);
    const Settings settings = LoadSettings(reader);
    ASSERT_TRUE(reader.Finish().ok()) << reader.Finish();
    auto app = App::Start(settings);
    ASSERT_TRUE(app.ok()) << app.status();
    app_ = *std::move(app);
  }
  config::Environment Remote() {
    return {{"KEPTN_API_ENDPOINT", keptn_->endpoint()}, {"KEPTN_API_TOKEN", keptn_->token()}};
  }
  config::Environment InCluster(const std::string& nats_url) {
    return {{"KEPTN_API_ENDPOINT", ""},
            {"EVENTBROKER", nats_url},
            {"KEPTN_API_SERVICE_URL", keptn_->service_url("api-service")},
            {"KEPTN_CONTROL_PLANE_URL", keptn_->service_url("shipyard-controller")},
            {"KEPTN_DATASTORE_URL", keptn_->service_url("mongodb-datastore")}};
  }

  http::Response Get(const std::string& path) {
    const auto response = client_->Send(
        {.method = "GET", .target = absl::StrCat("http://127.0.0.1:", app_->admin_port(), path)},
        kPatience, /*idempotent=*/true);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : http::Response{.status = 0};
  }
  bool WaitReady() {
    return PollUntil([this] { return Get("/readyz").status == 200; }, kPatience);
  }
  // Until /readyz says why not.
  bool WaitNotReady(const std::string& reason) {
    return PollUntil(
        [&] {
          const http::Response response = Get("/readyz");
          return response.status == 503 && absl::StrContains(response.body, reason);
        },
        kPatience);
  }

  test_keptn::Keptn::Started StartSequence() {
    const auto started = keptn_->StartSequence(
        {.project = "shop", .stage = "dev", .service = "cart", .sequence = "delivery"});
    EXPECT_TRUE(started.ok()) << started.status();
    return started.ok() ? *started : test_keptn::Keptn::Started{};
  }
  std::vector<std::string> ReceivedContexts() {
    std::vector<std::string> contexts;
    for (const auto& submission : scheduler_.Received()) {
      contexts.push_back(cloudevents::Attribute(submission.event(), "shkeptncontext"));
    }
    return contexts;
  }

  Json Record() {
    const auto records = keptn_->integrations().List("", "job-executor-service");
    return records.empty() ? Json() : records[0];
  }
  void Subscribe(const std::string& event) {
    const auto put = keptn_->integrations().PutSubscription(
        Record().at("id"), "", {{"event", event}, {"filter", Json::object()}});
    ASSERT_TRUE(put.ok()) << put.status();
  }
  void Unsubscribe(const std::string& event) {
    const Json record = Record();
    for (const Json& entry : record.at("subscriptions")) {
      if (entry.at("event") != event) continue;
      ASSERT_TRUE(
          keptn_->integrations().DeleteSubscription(Record().at("id"), entry.at("id")).ok());
    }
  }

  const std::unique_ptr<http::Client> client_ = http::Client::Create({});
  TestScheduler scheduler_{
      [](const TestScheduler::Submission&) { return TestScheduler::Accepted(); }};
  std::unique_ptr<test_keptn::Keptn> keptn_;
  std::unique_ptr<App> app_;
};

TEST_F(IntakeKeptnTest, PollsWhatIsOffered) {
  StartKeptn();
  StartIntake(Remote());
  ASSERT_TRUE(WaitReady());

  const auto sequence = StartSequence();

  ASSERT_TRUE(scheduler_.WaitForReceived(1));
  const auto submission = scheduler_.Received()[0];
  EXPECT_EQ(submission.event().type(), kDeploy);
  EXPECT_EQ(submission.via(), TestScheduler::Submission::VIA_KEPTN);
  EXPECT_EQ(submission.integration_id(), Record().at("id"));
  EXPECT_EQ(ReceivedContexts(), std::vector<std::string>{sequence.context});
  const Json metadata = Record().at("metadata");
  EXPECT_EQ(metadata.at("location"), "remote-execution-plane");
  EXPECT_EQ(metadata.at("hostname"), "node-1");
  EXPECT_EQ(metadata.at("kubernetesmetadata").at("namespace"), "keptn");
}

TEST_F(IntakeKeptnTest, ChangedSubscriptionsTakeEffectWithTheNextHeartbeat) {
  StartKeptn();
  keptn_->AddProject("shop", test_keptn::SimpleShipyard("dev", "delivery", {"test"}));
  StartIntake(Remote());
  ASSERT_TRUE(WaitReady());
  StartSequence();

  Subscribe(kTest);

  ASSERT_TRUE(scheduler_.WaitForReceived(1));
  EXPECT_EQ(scheduler_.Received()[0].event().type(), kTest);
  Unsubscribe(kTest);
  EXPECT_TRUE(PollUntil(
      [this] {
        return absl::StrContains(Get("/metrics").body, "jobexec_intake_keptn_subscriptions 1\n");
      },
      kPatience));
}

TEST_F(IntakeKeptnTest, OverlappingSubscriptionsCostOneSubmission) {
  StartKeptn();
  StartIntake(Remote());
  ASSERT_TRUE(WaitReady());
  Subscribe(kDeploy);
  Subscribe(kDeploy);
  ASSERT_TRUE(PollUntil(
      [this] {
        return absl::StrContains(Get("/metrics").body, "jobexec_intake_keptn_subscriptions 3\n");
      },
      kPatience));

  StartSequence();

  ASSERT_TRUE(scheduler_.WaitForReceived(1));
  // Some rounds later, in which the offer is still listed.
  const size_t before = keptn_->log().Entries("http", 0).size();
  ASSERT_TRUE(
      PollUntil([&] { return keptn_->log().Entries("http", 0).size() > before + 20; }, kPatience));
  EXPECT_THAT(scheduler_.Received(), SizeIs(1));
}

TEST_F(IntakeKeptnTest, KeptnMayBeAwayAtTheStartAndLater) {
  StartKeptn();
  const int port = keptn_->port();
  const config::Environment remote = Remote();
  keptn_.reset();

  StartIntake(remote);
  EXPECT_TRUE(WaitNotReady("registration with Keptn"));
  EXPECT_EQ(Get("/livez").status, 200);
  StartKeptn({.port = port});
  EXPECT_TRUE(WaitReady());

  keptn_.reset();
  EXPECT_TRUE(WaitNotReady("registration with Keptn"));
  EXPECT_EQ(Get("/livez").status, 200);
  StartKeptn({.port = port});
  EXPECT_TRUE(WaitReady());
  StartSequence();
  EXPECT_TRUE(scheduler_.WaitForReceived(1));
}

TEST_F(IntakeKeptnTest, AWrongTokenIsSaidAndARightOneWorksWithoutARestart) {
  StartKeptn();
  keptn_->auth().SetToken("another one");
  StartIntake(Remote());
  EXPECT_TRUE(WaitNotReady("401"));
  EXPECT_EQ(Get("/livez").status, 200);
  EXPECT_THAT(Get("/readyz").body, Not(HasSubstr(keptn_->token())));

  keptn_->auth().SetToken(keptn_->token());

  EXPECT_TRUE(WaitReady());
}

TEST_F(IntakeKeptnTest, ARevokedOAuthTokenIsRenewed) {
  test_keptn::Keptn::Options options;
  options.oauth = {.client_id = "jes",
                   .client_secret = "secret",
                   .scopes = {"keptn:events:write", "integrations:write", "integrations:read"},
                   .required = true};
  StartKeptn(options);
  config::Environment environment = Remote();
  environment.insert({{"OAUTH_CLIENT_ID", "jes"},
                      {"OAUTH_CLIENT_SECRET", "secret"},
                      {"OAUTH_SCOPES", "keptn:events:write,integrations:write,integrations:read"},
                      {"OAUTH_DISCOVERY", keptn_->oauth_discovery_url()}});
  StartIntake(environment);
  ASSERT_TRUE(WaitReady());

  keptn_->oauth().RevokeAll();
  StartSequence();

  EXPECT_TRUE(scheduler_.WaitForReceived(1));
  EXPECT_TRUE(WaitReady());
}

TEST_F(IntakeKeptnTest, AWrongAuthorityIsSaidAndTheRightOneWorksWithoutARestart) {
  const testing::KeyPair authority = testing::MakeAuthority("right");
  test_keptn::Keptn::Options options;
  options.tls = testing::MakeCertificate(authority, "keptn");
  StartKeptn(options);
  const testing::TempDirectory directory;
  directory.Write("ca.pem", testing::MakeAuthority("wrong").certificate_pem);
  StartIntake({{"KEPTN_API_ENDPOINT", keptn_->tls_endpoint()},
               {"KEPTN_API_TOKEN", keptn_->token()},
               {"KEPTN_CA_FILE", directory.path() + "/ca.pem"}});
  EXPECT_TRUE(WaitNotReady("KEPTN_CA_FILE"));
  EXPECT_EQ(Get("/livez").status, 200);

  directory.Write("ca.pem", authority.certificate_pem);

  EXPECT_TRUE(WaitReady());
}

TEST_F(IntakeKeptnTest, AnExpiredRegistrationComesBackWithItsSubscriptions) {
  StartKeptn();
  StartIntake(Remote());
  ASSERT_TRUE(WaitReady());
  Subscribe(kTest);
  ASSERT_TRUE(PollUntil(
      [this] {
        return absl::StrContains(Get("/metrics").body, "jobexec_intake_keptn_subscriptions 2\n");
      },
      kPatience));

  keptn_->integrations().Delete(Record().at("id"));

  ASSERT_TRUE(PollUntil([this] { return !Record().is_null(); }, kPatience));
  EXPECT_THAT(Record().at("subscriptions"), SizeIs(2));
  EXPECT_TRUE(WaitReady());
}

TEST_F(IntakeKeptnTest, APostedEndOfASequenceCancels) {
  StartKeptn();
  StartIntake(Remote());
  ASSERT_TRUE(WaitReady());

  const auto response =
      client_->Send({.method = "POST",
                     .target = absl::StrCat("http://127.0.0.1:", app_->port(), "/"),
                     .headers = {{"Content-Type", "application/cloudevents+json"}},
                     .body = R"({"specversion":"1.0","id":"1","source":"shipyard-controller",
                   "type":"sh.keptn.event.dev.delivery.finished","shkeptncontext":"ctx",
                   "time":"2024-03-01T10:00:00Z",
                   "data":{"project":"shop","stage":"dev","service":"cart","status":"aborted"}})"},
                    kPatience, /*idempotent=*/false);

  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 202);
  EXPECT_EQ(Json::parse(response->body).at("outcome"), "ignored");
  ASSERT_THAT(scheduler_.Cancels(), SizeIs(1));
  EXPECT_EQ(scheduler_.Cancels()[0].sequence().keptn_context(), "ctx");
  EXPECT_TRUE(scheduler_.Cancels()[0].sequence().include_silent());
  EXPECT_THAT(scheduler_.Received(), IsEmpty());
}

TEST_F(IntakeKeptnTest, StopsWhileKeptnIsSilent) {
  StartKeptn();
  config::Environment environment = Remote();
  environment["API_PROXY_HTTP_TIMEOUT"] = "1";
  StartIntake(environment);
  ASSERT_TRUE(WaitReady());
  keptn_->faults().Add({.path = "*",
                        .effect = test_keptn::Fault::Effect::kNone,
                        .delay = absl::Hours(1),
                        .times = 100});
  // Until a call waits.
  ASSERT_TRUE(
      PollUntil([this] { return keptn_->faults().List().at(0).at("times") < 100; }, kPatience));

  app_->Stop();

  EXPECT_THAT(scheduler_.Received(), IsEmpty());
}

TEST_F(IntakeKeptnTest, ALeaseWithoutAClusterIsSaidAtTheStart) {
  StartKeptn();
  config::Environment environment = Remote();
  environment.insert({{"SCHEDULER_ADDRESS", "127.0.0.1:1"},
                      {"JOB_NAMESPACE", "keptn"},
                      {"KUBECONFIG", "/nowhere/config"}});
  config::SettingsReader reader(environment);

  const auto app = App::Start(LoadSettings(reader));

  ASSERT_FALSE(app.ok());
  EXPECT_THAT(std::string(app.status().message()),
              AllOf(HasSubstr("INTAKE_POLL_LEASE"), HasSubstr("/nowhere/config")));
}

class IntakeNatsTest : public IntakeKeptnTest {
 protected:
  void SetUp() override {
    auto nats = NatsServer::Start();
    ASSERT_TRUE(nats.ok()) << nats.status();
    nats_ = *std::move(nats);
    test_keptn::Keptn::Options options;
    options.nats.url = nats_->url();
    StartKeptn(options);
  }
  // The test Keptn says goodbye to the server before it goes.
  void TearDown() override {
    app_.reset();
    keptn_.reset();
  }

  std::unique_ptr<NatsServer> nats_;
};

TEST_F(IntakeNatsTest, TakesEventsInTheClusterAndCancelsWhatIsAborted) {
  StartIntake(InCluster(nats_->url()));
  ASSERT_TRUE(WaitReady());

  const auto sequence = StartSequence();
  ASSERT_TRUE(scheduler_.WaitForReceived(1));
  const auto submission = scheduler_.Received()[0];
  EXPECT_EQ(submission.via(), TestScheduler::Submission::VIA_NATS);
  EXPECT_GT(submission.from_sequence(), 0);
  EXPECT_EQ(submission.integration_id(), Record().at("id"));
  EXPECT_EQ(Record().at("metadata").at("location"), "control-plane");

  keptn_->Steer("shop", sequence.context, test_keptn::Engine::Control::kAbort);

  ASSERT_TRUE(PollUntil([this] { return !scheduler_.Cancels().empty(); }, kPatience));
  const auto cancel = scheduler_.Cancels()[0].sequence();
  EXPECT_EQ(cancel.keptn_context(), sequence.context);
  EXPECT_EQ(cancel.project(), "shop");
  EXPECT_EQ(cancel.stage(), "dev");
  EXPECT_EQ(cancel.service(), "cart");
  EXPECT_TRUE(cancel.include_silent());
}

TEST_F(IntakeNatsTest, WithoutRegistrationTheTopicsCount) {
  config::Environment environment = InCluster(nats_->url());
  environment["DISABLE_REGISTRATION"] = "true";
  StartIntake(environment);
  ASSERT_TRUE(WaitReady());

  StartSequence();

  ASSERT_TRUE(scheduler_.WaitForReceived(1));
  EXPECT_EQ(scheduler_.Received()[0].integration_id(), "");
  EXPECT_TRUE(Record().is_null());
}

TEST_F(IntakeNatsTest, WithoutKeptnTopicsComeFromNatsAlone) {
  StartIntake({{"EVENTBROKER", nats_->url()}});
  ASSERT_TRUE(WaitReady());

  StartSequence();

  ASSERT_TRUE(scheduler_.WaitForReceived(1));
  EXPECT_EQ(scheduler_.Received()[0].event().type(), kDeploy);
}

}  // namespace
}  // namespace jobexec::intake
