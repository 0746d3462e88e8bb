#include "common/keptn/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Loaded {
  Settings settings;
  std::string faults;
};

Loaded Load(const config::Environment& environment) {
  config::SettingsReader reader(environment);
  Loaded loaded;
  loaded.settings = LoadSettings(reader);
  loaded.faults = std::string(reader.Finish().message());
  return loaded;
}

TEST(Settings, WithoutAnEndpointThereIsNoKeptn) {
  const Loaded loaded = Load({{"KEPTN_API_TOKEN", "t"}});

  EXPECT_EQ(loaded.faults, "");
  EXPECT_EQ(loaded.settings.mode, Mode::kNone);
}

TEST(Settings, AnEmptyEndpointIsKeptnsOwnCluster) {
  const Loaded loaded = Load({{"KEPTN_API_ENDPOINT", ""}});

  EXPECT_EQ(loaded.faults, "");
  EXPECT_EQ(loaded.settings.mode, Mode::kInCluster);
  EXPECT_EQ(loaded.settings.urls.api, "http://api-service:8080");
  EXPECT_EQ(loaded.settings.urls.control_plane, "http://shipyard-controller:8080");
  EXPECT_EQ(loaded.settings.urls.resources, "http://resource-service:8080");
  EXPECT_EQ(loaded.settings.urls.datastore, "http://mongodb-datastore:8080");
}

TEST(Settings, AnEndpointIsAGatewayWithAllServices) {
  for (const char* endpoint : {"https://keptn.example/x/api", "https://keptn.example/x/api//"}) {
    const Loaded loaded = Load({{"KEPTN_API_ENDPOINT", endpoint}});
    EXPECT_EQ(loaded.faults, "");
    EXPECT_EQ(loaded.settings.mode, Mode::kRemote);
    EXPECT_EQ(loaded.settings.urls.api, "https://keptn.example/x/api");
    EXPECT_EQ(loaded.settings.urls.control_plane, "https://keptn.example/x/api/controlPlane");
    EXPECT_EQ(loaded.settings.urls.resources, "https://keptn.example/x/api/resource-service");
    EXPECT_EQ(loaded.settings.urls.datastore, "https://keptn.example/x/api/mongodb-datastore");
  }
}

TEST(Settings, EachServiceMayBeElsewhere) {
  const Loaded loaded = Load({{"KEPTN_API_ENDPOINT", "https://keptn/api"},
                              {"KEPTN_API_SERVICE_URL", "http://a:1/"},
                              {"KEPTN_CONTROL_PLANE_URL", "http://c:2"},
                              {"KEPTN_RESOURCE_SERVICE_URL", "http://r:3"},
                              {"KEPTN_DATASTORE_URL", "http://d:4"}});

  EXPECT_EQ(loaded.faults, "");
  EXPECT_EQ(loaded.settings.urls.api, "http://a:1");
  EXPECT_EQ(loaded.settings.urls.control_plane, "http://c:2");
  EXPECT_EQ(loaded.settings.urls.resources, "http://r:3");
  EXPECT_EQ(loaded.settings.urls.datastore, "http://d:4");
}

// The values that the original's charts and its users set.
TEST(Settings, ConfigurationServiceCountsOnlyWhereItCanBeMeant) {
  const auto resources = [](const std::string& endpoint, const std::string& service) {
    const Loaded loaded =
        Load({{"KEPTN_API_ENDPOINT", endpoint}, {"CONFIGURATION_SERVICE", service}});
    EXPECT_EQ(loaded.faults, "");
    return loaded.settings.urls.resources;
  };

  EXPECT_EQ(resources("", "resource-service:8080"), "http://resource-service:8080");
  EXPECT_EQ(resources("", "http://configuration-service:8080/"),
            "http://configuration-service:8080");
  for (const char* ignored :
       {"http://localhost:8081/resource-service", "127.0.0.1:8081", "/resource-service", ""}) {
    EXPECT_EQ(resources("", ignored), "http://resource-service:8080") << ignored;
  }
  EXPECT_EQ(resources("https://k/api", "http://configuration-service:8080"),
            "https://k/api/resource-service");
}

TEST(Settings, AnOwnSettingBeatsConfigurationService) {
  const Loaded loaded = Load({{"KEPTN_API_ENDPOINT", ""},
                              {"CONFIGURATION_SERVICE", "http://b:2"},
                              {"KEPTN_RESOURCE_SERVICE_URL", "http://a:1"}});

  EXPECT_EQ(loaded.settings.urls.resources, "http://a:1");
}

TEST(Settings, ReadsEverythingElse) {
  testing::TempDirectory directory;
  directory.Write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  const Loaded loaded = Load({{"KEPTN_API_ENDPOINT", "https://keptn/api"},
                              {"KEPTN_API_TOKEN", "secret-token\n"},
                              {"OAUTH_CLIENT_ID", "id"},
                              {"OAUTH_CLIENT_SECRET", "client-secret"},
                              {"OAUTH_SCOPES", "keptn:events:write, logs:read,,"},
                              {"OAUTH_TOKEN_URL", "https://idp/token"},
                              {"OAUTH_DISCOVERY", "https://idp/.well-known"},
                              {"HTTP_SSL_VERIFY", "false"},
                              {"KEPTN_CA_FILE", directory.path() + "/ca.pem"},
                              {"API_PROXY_HTTP_TIMEOUT", "7"}});

  EXPECT_EQ(loaded.faults, "");
  const Settings& settings = loaded.settings;
  EXPECT_EQ(settings.token, "secret-token");
  EXPECT_TRUE(settings.oauth.enabled());
  EXPECT_THAT(settings.oauth.scopes, ElementsAre("keptn:events:write", "logs:read"));
  EXPECT_EQ(settings.oauth.token_url, "https://idp/token");
  EXPECT_FALSE(settings.verify_tls);
  EXPECT_EQ(settings.timeout, absl::Seconds(7));
  EXPECT_THAT(settings.warnings, ElementsAre(HasSubstr("HTTP_SSL_VERIFY is false")));
}

TEST(Settings, Defaults) {
  const Settings settings = Load({{"KEPTN_API_ENDPOINT", "https://keptn/api"}}).settings;

  EXPECT_TRUE(settings.verify_tls);
  EXPECT_EQ(settings.ca_file, "");
  EXPECT_EQ(settings.token, "");
  EXPECT_FALSE(settings.oauth.enabled());
  EXPECT_EQ(settings.timeout, absl::Seconds(30));
  EXPECT_THAT(settings.warnings, IsEmpty());
}

// A leader that lost its lease must not be followed by its own requests for long.
TEST(Settings, NoCallLastsLongerThan30Seconds) {
  for (const char* text : {"0", "60", "3600"}) {
    const Loaded loaded = Load({{"KEPTN_API_ENDPOINT", ""}, {"API_PROXY_HTTP_TIMEOUT", text}});
    EXPECT_EQ(loaded.faults, "");
    EXPECT_EQ(loaded.settings.timeout, absl::Seconds(30)) << text;
    EXPECT_THAT(loaded.settings.warnings, ElementsAre(HasSubstr("API_PROXY_HTTP_TIMEOUT")));
  }
}

TEST(Settings, HalfAnOAuthIsNoneAndSaysSo) {
  const Settings settings =
      Load({{"KEPTN_API_ENDPOINT", "https://keptn/api"}, {"OAUTH_CLIENT_ID", "id"}}).settings;

  EXPECT_FALSE(settings.oauth.enabled());
  EXPECT_THAT(settings.warnings, ElementsAre(HasSubstr("OAUTH_SCOPES")));
}

TEST(Settings, ThereIsNoOAuthInTheCluster) {
  const Settings settings = Load({{"KEPTN_API_ENDPOINT", ""},
                                  {"OAUTH_CLIENT_ID", "id"},
                                  {"OAUTH_CLIENT_SECRET", "s"},
                                  {"OAUTH_SCOPES", "x"},
                                  {"OAUTH_TOKEN_URL", "https://idp/token"}})
                                .settings;

  EXPECT_FALSE(settings.oauth.enabled());
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(Settings, ReportsEveryFaultWithItsNameAndNoSecret) {
  testing::TempDirectory directory;
  directory.Write("ca.pem", "no certificate");
  const Loaded loaded = Load({{"KEPTN_API_ENDPOINT", "keptn.example/api"},
                              {"KEPTN_API_TOKEN", "to\nken-secret"},
                              {"KEPTN_DATASTORE_URL", "ftp://x"},
                              {"OAUTH_CLIENT_SECRET", "client\tsecret"},
                              {"OAUTH_TOKEN_URL", "http://user:hunter2@idp/?x"},
                              {"OAUTH_DISCOVERY", "https://idp/x?y"},
                              {"HTTP_SSL_VERIFY", "maybe"},
                              {"KEPTN_CA_FILE", directory.path() + "/ca.pem"},
                              {"API_PROXY_HTTP_TIMEOUT", "-1"}});

  for (const char* name : {"KEPTN_API_ENDPOINT", "KEPTN_API_TOKEN", "KEPTN_DATASTORE_URL",
                           "OAUTH_CLIENT_SECRET", "OAUTH_TOKEN_URL", "OAUTH_DISCOVERY",
                           "HTTP_SSL_VERIFY", "KEPTN_CA_FILE", "API_PROXY_HTTP_TIMEOUT"}) {
    EXPECT_THAT(loaded.faults, HasSubstr(name));
  }
  EXPECT_THAT(loaded.faults, AllOf(Not(HasSubstr("ken-secret")), Not(HasSubstr("client\tsecret")),
                                   Not(HasSubstr("hunter2"))));
  EXPECT_THAT(Load({{"KEPTN_CA_FILE", "/nonexistent/ca"}}).faults, HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace jobexec::keptn
