#include "common/service/settings_log.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/config/settings.h"

namespace jobexec::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SettingsLog, HasEachValueAndItsOriginButNoSecret) {
  config::Sources sources;
  sources.assignments = {{"RCV_PORT", {"81", "flag --rcv-port"}},
                         {"EVENTBROKER", {"nats://xyzzy:xyzzy@h1,nats://xyzzy@h2", "variable"}},
                         {"KEPTN_API_TOKEN", {"xyzzy", "file a.env:3"}}};
  config::SettingsReader reader(sources);
  reader.Int("RCV_PORT", 8080, 0, 65535, "");
  reader.Text("EVENTBROKER", "", "");
  reader.Secret("KEPTN_API_TOKEN", "");
  reader.Secret("OAUTH_CLIENT_SECRET", "");
  reader.Bool("HTTP_SSL_VERIFY", true, "");

  ::testing::internal::CaptureStdout();
  LogSettings(reader.settings());
  const std::string line = ::testing::internal::GetCapturedStdout();

  EXPECT_THAT(line, Not(HasSubstr("xyzzy")));
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["message"], "settings");
  EXPECT_EQ(json["level"], "info");
  EXPECT_EQ(json["settings"], nlohmann::json::parse(R"json({
    "RCV_PORT": {"value": "81", "origin": "flag --rcv-port"},
    "EVENTBROKER": {"value": "nats://***@h1,nats://***@h2", "origin": "variable"},
    "KEPTN_API_TOKEN": {"value": "(set)", "origin": "file a.env:3"
}
, "KEPTN_API_TOKEN_FILE" : {"value" : "", "origin" : "default"},
                           "OAUTH_CLIENT_SECRET" : {"value" : "(not set)", "origin" : "default"},
                                                   "OAUTH_CLIENT_SECRET_FILE"
    : {"value" : "", "origin" : "default"},
      "HTTP_SSL_VERIFY" : {
  "value" : "true", "origin" : "default"
}
  })json"));
}

TEST(SettingsLog, CutsLongValues) {
  const auto record = SettingsRecord({{.name = "A", .value = std::string(5000, 'x')}});

  EXPECT_EQ(record["A"]["value"], std::string(1024, 'x') + "... (5000 bytes)");
}

}  // namespace
}  // namespace jobexec::service
