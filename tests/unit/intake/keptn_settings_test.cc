#include "intake/keptn_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

KeptnSettings Load(const config::Environment& environment) {
  config::SettingsReader reader(environment);
  KeptnSettings settings = LoadKeptnSettings(reader);
  EXPECT_THAT(reader.Finish(), IsOk());
  return settings;
}

absl::Status FaultsOf(const config::Environment& environment) {
  config::SettingsReader reader(environment);
  LoadKeptnSettings(reader);
  return reader.Finish();
}

TEST(KeptnSettings, WithoutKeptnNothingButHttp) {
  const KeptnSettings settings = Load({});

  EXPECT_EQ(settings.api.mode, keptn::Mode::kNone);
  EXPECT_FALSE(settings.registers);
  EXPECT_EQ(settings.nats_urls, "");
  EXPECT_EQ(settings.nats_subject, "");
  EXPECT_EQ(settings.integration.name, "job-executor-service");
}

TEST(KeptnSettings, InKeptnsCluster) {
  const KeptnSettings settings = Load({{"KEPTN_API_ENDPOINT", ""}});

  EXPECT_EQ(settings.api.mode, keptn::Mode::kInCluster);
  EXPECT_TRUE(settings.registers);
  EXPECT_EQ(settings.nats_urls, "nats://keptn-nats");
  EXPECT_EQ(settings.nats_subject, "sh.keptn.event.>");
  EXPECT_EQ(settings.heartbeat, absl::Seconds(5));
  EXPECT_EQ(settings.integration.location, "control-plane");
  // Keptn refuses a registration without them.
  EXPECT_NE(settings.integration.hostname, "");
  EXPECT_EQ(settings.integration.name_space, "default");
  EXPECT_NE(settings.integration.version, "");
  EXPECT_LE(settings.api.timeout, absl::Seconds(10)) << "stopping waits for a call";
}

TEST(KeptnSettings, WithKeptnsRemoteApi) {
  const KeptnSettings settings = Load({{"KEPTN_API_ENDPOINT", "https://keptn.example/api"},
                                       {"JOB_NAMESPACE", "jobs"},
                                       {"EVENTBROKER", "nats://of-another-service"}});

  EXPECT_EQ(settings.api.mode, keptn::Mode::kRemote);
  EXPECT_EQ(settings.nats_urls, "");
  EXPECT_EQ(settings.polling_interval, absl::Seconds(1));
  EXPECT_EQ(settings.lease, "jobexec-intake-jobexec");
  EXPECT_EQ(settings.lease_namespace, "jobs");
  EXPECT_EQ(settings.integration.location, "remote-execution-plane");
}

TEST(KeptnSettings, EachOneIsRead) {
  const KeptnSettings settings = Load({{"KEPTN_API_ENDPOINT", ""},
                                       {"EVENTBROKER", "nats://a:1,nats://b:2"},
                                       {"INSTALLATION_ID", "inst"},
                                       {"PUBSUB_TOPIC",
                                        "sh.keptn.event.a.triggered, sh.keptn.event.b.triggered,,"
                                        "sh.keptn.event.a.triggered"},
                                       {"PROJECT_FILTER", "p1, p2"},
                                       {"STAGE_FILTER", "dev"},
                                       {"SERVICE_FILTER", "cart"},
                                       {"EVENT_SOURCE_NAME", "my-jes"},
                                       {"JOB_NAMESPACE", "jobs"},
                                       {"K8S_NAMESPACE", "keptn"},
                                       {"K8S_POD_NAME", "pod-1"},
                                       {"K8S_NODE_NAME", "node-1"},
                                       {"K8S_DEPLOYMENT_NAME", "deployment"},
                                       {"K8S_DEPLOYMENT_VERSION", "1.2.3"},
                                       {"LOCATION", "edge"},
                                       {"HEARTBEAT_INTERVAL", "10s"},
                                       {"HTTP_POLLING_INTERVAL", "10"},
                                       {"INTAKE_POLL_LEASE", ""},
                                       {"KUBECONFIG", "/k"}});

  EXPECT_EQ(settings.nats_urls, "nats://a:1,nats://b:2");
  EXPECT_EQ(settings.installation, "inst");
  ASSERT_THAT(settings.configured, SizeIs(2));
  EXPECT_EQ(settings.configured[0].event, "sh.keptn.event.a.triggered");
  EXPECT_EQ(settings.configured[1].event, "sh.keptn.event.b.triggered");
  EXPECT_THAT(settings.configured[1].filter.projects, ElementsAre("p1", "p2"));
  EXPECT_THAT(settings.configured[1].filter.stages, ElementsAre("dev"));
  EXPECT_THAT(settings.configured[1].filter.services, ElementsAre("cart"));
  EXPECT_EQ(settings.integration.name, "my-jes");
  EXPECT_EQ(settings.integration.name_space, "keptn");
  EXPECT_EQ(settings.integration.pod, "pod-1");
  EXPECT_EQ(settings.integration.hostname, "node-1");
  EXPECT_EQ(settings.integration.deployment, "deployment");
  EXPECT_EQ(settings.integration.version, "1.2.3");
  EXPECT_EQ(settings.integration.location, "edge");
  EXPECT_EQ(settings.heartbeat, absl::Seconds(10));
  EXPECT_EQ(settings.polling_interval, absl::Seconds(10));
  EXPECT_EQ(settings.lease, "");
  EXPECT_EQ(settings.kubeconfig, "/k");
}

TEST(KeptnSettings, TheRegisterMayBeLeftAlone) {
  EXPECT_FALSE(Load({{"KEPTN_API_ENDPOINT", ""}, {"DISABLE_REGISTRATION", "true"}}).registers);
}

TEST(KeptnSettings, EmptyMetadataHasSomethingInItsPlace) {
  const KeptnSettings settings = Load({{"KEPTN_API_ENDPOINT", ""},
                                       {"JOB_NAMESPACE", "jobs"},
                                       {"K8S_NAMESPACE", ""},
                                       {"K8S_NODE_NAME", ""},
                                       {"K8S_POD_NAME", ""},
                                       {"K8S_DEPLOYMENT_NAME", ""},
                                       {"LOCATION", ""}});

  EXPECT_EQ(settings.integration.name_space, "jobs");
  EXPECT_NE(settings.integration.hostname, "");
  EXPECT_NE(settings.integration.pod, "");
  EXPECT_EQ(settings.integration.deployment, "job-executor-service");
  EXPECT_EQ(settings.integration.location, "control-plane");
}

TEST(KeptnSettings, WithoutKeptnTopicsComeFromNats) {
  const config::Environment nats = {{"EVENTBROKER", "nats://n"}};
  EXPECT_EQ(Load(nats).nats_subject, "") << "it is another service's";
  EXPECT_EQ(Load(nats).nats_urls, "nats://n") << "where answers are looked up";
  EXPECT_EQ(Load({{"EVENTBROKER", "nats://n"}, {"PUBSUB_TOPIC", "com.example.a"}}).nats_subject,
            "com.example.a");
  EXPECT_THAT(FaultsOf({{"EVENTBROKER", "nats://n"}, {"PUBSUB_TOPIC", "a.b,c.d"}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("begin alike")));
}

TEST(KeptnSettings, WildcardsBringNothingThroughTheApi) {
  const std::string topic = "sh.keptn.event.*.triggered";
  EXPECT_THAT(Load({{"KEPTN_API_ENDPOINT", "http://k/api"},
                    {"INTAKE_POLL_LEASE", ""},
                    {"PUBSUB_TOPIC", topic}})
                  .warnings,
              ElementsAre(HasSubstr("wildcards")));
  EXPECT_THAT(Load({{"KEPTN_API_ENDPOINT", ""}, {"PUBSUB_TOPIC", topic}}).warnings, IsEmpty());
}

TEST(KeptnSettings, AllFaultsAreListedTogether) {
  EXPECT_THAT(
      FaultsOf({{"KEPTN_API_ENDPOINT", ""},
                {"EVENTBROKER", "http://n"},
                {"PUBSUB_TOPIC", "sh..x,sh.k*.y,sh.>.z,a b"},
                {"EVENT_SOURCE_NAME", ""},
                {"HEARTBEAT_INTERVAL", "often"},
                {"HTTP_POLLING_INTERVAL", "0"}}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("EVENTBROKER"), HasSubstr("\"sh..x\""), HasSubstr("\"sh.k*.y\""),
                     HasSubstr("\"sh.>.z\""), HasSubstr("\"a b\""), HasSubstr("EVENT_SOURCE_NAME"),
                     HasSubstr("HEARTBEAT_INTERVAL is \"often\""),
                     HasSubstr("HTTP_POLLING_INTERVAL is \"0\""))));
  EXPECT_THAT(FaultsOf({{"KEPTN_API_ENDPOINT", ""}, {"EVENTBROKER", ""}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("EVENTBROKER is empty")));
  EXPECT_THAT(FaultsOf({{"KEPTN_API_ENDPOINT", "http://k/api"}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("INTAKE_POLL_LEASE")));
}

TEST(CommonSubject, TakesEachTopicAndLittleElse) {
  EXPECT_EQ(CommonSubject({}), "");
  EXPECT_EQ(CommonSubject({"a.b"}), "a.b");
  EXPECT_EQ(CommonSubject({"a.b.c", "a.b.d.e"}), "a.b.>");
  EXPECT_EQ(CommonSubject({"a.b", "a.b.c"}), "a.>");
  EXPECT_EQ(CommonSubject({"a.*.c", "a.*.d"}), "a.>");
  EXPECT_EQ(CommonSubject({"a.b.>", "a.b.c"}), "a.b.>");
  EXPECT_EQ(CommonSubject({"a.b", "c.b"}), "");
  EXPECT_EQ(CommonSubject({"a", "b"}), "");
}

}  // namespace
}  // namespace jobexec::intake
