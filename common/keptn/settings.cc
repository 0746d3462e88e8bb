#include "common/keptn/settings.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/file.h"

namespace jobexec::keptn {
namespace {

constexpr int64_t kLongestTimeoutSeconds = 30;
constexpr size_t kMaxCaFileBytes = 1024 * 1024;

std::string WithoutEndingSlashes(absl::string_view url) {
  while (absl::ConsumeSuffix(&url, "/")) {
  }
  return std::string(url);
}

bool HasControls(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

// "http://host..." without query, fragment and blanks.
bool IsBaseUrl(absl::string_view url) {
  if (!absl::ConsumePrefix(&url, "http://") && !absl::ConsumePrefix(&url, "https://")) return false;
  return !url.empty() && url[0] != '/' && url.find_first_of("?# ") == absl::string_view::npos &&
         !HasControls(url);
}

// Reads a URL that may be left out. Ends without a slash.
std::string LoadUrl(config::SettingsReader& reader, absl::string_view name,
                    absl::string_view default_value, absl::string_view help) {
  const std::string text = reader.Text(name, default_value, help);
  const absl::string_view url = absl::StripAsciiWhitespace(text);
  if (!url.empty() && !IsBaseUrl(url)) {
    reader.AddFault(name, absl::StrCat("is \"", absl::CHexEscape(text),
                                       "\", expected http:// or https://, a host and a path "
                                       "without query"));
  }
  return WithoutEndingSlashes(url);
}

// Surrounding blanks, such as the line break that a Secret made from a file has, are no part of it.
std::string LoadSecret(config::SettingsReader& reader, absl::string_view name,
                       absl::string_view help) {
  const std::string text = reader.Secret(name, help);
  const absl::string_view secret = absl::StripAsciiWhitespace(text);
  if (HasControls(secret)) reader.AddFault(name, "has control characters, e.g. a line break");
  return std::string(secret);
}

ServiceUrls DefaultUrls(Mode mode, const std::string& endpoint) {
  if (mode == Mode::kRemote) {
    return {endpoint, endpoint + "/controlPlane", endpoint + "/resource-service",
            endpoint + "/mongodb-datastore"};
  }
  return {"http://api-service:8080", "http://shipyard-controller:8080",
          "http://resource-service:8080", "http://mongodb-datastore:8080"};
}

// The original read CONFIGURATION_SERVICE and never used it; its charts set it to the address of a
// sidecar on localhost or to a path without a host. So only what can be meant is followed: another
// host, in the cluster. Returns the URL or "".
std::string LoadConfigurationService(config::SettingsReader& reader, Settings& settings) {
  const std::string text =
      reader.Text("CONFIGURATION_SERVICE", "",
                  "Address of the resource service in the cluster, host:port or a URL; one on "
                  "localhost is ignored, and any in the remote mode");
  const absl::string_view value = absl::StripAsciiWhitespace(text);
  if (value.empty() || settings.mode != Mode::kInCluster) return "";
  std::string url = WithoutEndingSlashes(
      absl::StrContains(value, "://") ? value : absl::StrCat("http://", value));
  const absl::string_view host = absl::string_view(url).substr(url.find("://") + 3);
  if (IsBaseUrl(url) && !absl::StartsWith(host, "localhost") && !absl::StartsWith(host, "127.")) {
    return url;
  }
  settings.warnings.emplace_back(
      "CONFIGURATION_SERVICE names no other host and is ignored: there is no sidecar to go "
      "through");
  return "";
}

void LoadUrls(config::SettingsReader& reader, const std::string& endpoint, Settings& settings) {
  ServiceUrls& urls = settings.urls;
  urls = DefaultUrls(settings.mode, endpoint);
  const std::string resources = LoadConfigurationService(reader, settings);
  if (!resources.empty()) urls.resources = resources;
  const auto load = [&reader](absl::string_view name, absl::string_view service, std::string& url) {
    const std::string own =
        LoadUrl(reader, name, "", absl::StrCat("URL of Keptn's ", service, ", if it is elsewhere"));
    if (!own.empty()) url = own;
  };
  load("KEPTN_API_SERVICE_URL", "api-service", urls.api);
  load("KEPTN_CONTROL_PLANE_URL", "shipyard-controller", urls.control_plane);
  load("KEPTN_RESOURCE_SERVICE_URL", "resource-service", urls.resources);
  load("KEPTN_DATASTORE_URL", "mongodb-datastore", urls.datastore);
}

std::vector<std::string> SplitList(absl::string_view text) {
  std::vector<std::string> parts;
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    parts.emplace_back(absl::StripAsciiWhitespace(part));
  }
  return parts;
}

OAuthSettings LoadOAuth(config::SettingsReader& reader) {
  OAuthSettings oauth;
  const std::string id =
      reader.Text("OAUTH_CLIENT_ID", "", "Client id for OAuth; on if all of OAUTH_* are set");
  oauth.client_id = std::string(absl::StripAsciiWhitespace(id));
  oauth.client_secret = LoadSecret(reader, "OAUTH_CLIENT_SECRET", "Client secret for OAuth");
  oauth.scopes = SplitList(reader.Text("OAUTH_SCOPES", "", "Scopes to ask for, comma separated"));
  oauth.token_url = LoadUrl(reader, "OAUTH_TOKEN_URL", "", "Where OAuth tokens are given");
  oauth.discovery_url = LoadUrl(reader, "OAUTH_DISCOVERY", "",
                                "Without OAUTH_TOKEN_URL: URL of a JSON with \"token_endpoint\"");
  return oauth;
}

void LoadTls(config::SettingsReader& reader, Settings& settings) {
  settings.verify_tls =
      reader.Bool("HTTP_SSL_VERIFY", true, "Check certificates of Keptn and of the OAuth server");
  settings.ca_file = reader.Text(
      "KEPTN_CA_FILE", "",
      "PEM file with the authorities of Keptn and of the OAuth server; empty: the system's");
  if (settings.ca_file.empty()) return;
  const auto content = ReadFile(settings.ca_file, kMaxCaFileBytes);
  if (!content.ok()) {
    reader.AddFault("KEPTN_CA_FILE", absl::StrCat("cannot be read: ", content.status().message()));
  } else if (!absl::StrContains(*content, "-----BEGIN CERTIFICATE-----")) {
    reader.AddFault("KEPTN_CA_FILE", absl::StrCat("names ", settings.ca_file,
                                                  ", which holds no certificate in PEM"));
  }
}

// Whole seconds, as in the original, where 0 was no limit.
absl::Duration LoadTimeout(config::SettingsReader& reader, Settings& settings) {
  const int64_t seconds =
      reader.Int("API_PROXY_HTTP_TIMEOUT", kLongestTimeoutSeconds, 0, 86'400,
                 "Longest time of one call of Keptn's API in seconds; above 30, and 0: 30");
  if (seconds == 0 || seconds > kLongestTimeoutSeconds) {
    settings.warnings.emplace_back("API_PROXY_HTTP_TIMEOUT is cut to 30 s");
    return absl::Seconds(kLongestTimeoutSeconds);
  }
  return absl::Seconds(seconds);
}

void WarnOfHalfOAuth(Settings& settings) {
  const OAuthSettings& oauth = settings.oauth;
  if (settings.mode != Mode::kRemote || oauth.enabled()) return;
  if (!oauth.client_id.empty() || !oauth.client_secret.empty()) {
    settings.warnings.emplace_back(
        "OAuth is off: OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_SCOPES and OAUTH_TOKEN_URL or "
        "OAUTH_DISCOVERY must all be set");
  }
}

}  // namespace

Settings LoadSettings(config::SettingsReader& reader) {
  Settings settings;
  reader.Group("Keptn");
  const std::string endpoint =
      LoadUrl(reader, "KEPTN_API_ENDPOINT", "",
              "URL of Keptn's API (https://host/api): events are polled there; set but empty: in "
              "Keptn's cluster, events come over NATS; not set: no Keptn");
  if (reader.IsSet("KEPTN_API_ENDPOINT")) {
    settings.mode = endpoint.empty() ? Mode::kInCluster : Mode::kRemote;
  }
  LoadUrls(reader, endpoint, settings);
  settings.token = LoadSecret(reader, "KEPTN_API_TOKEN", "Token of Keptn's API");
  settings.oauth = LoadOAuth(reader);
  LoadTls(reader, settings);
  settings.timeout = LoadTimeout(reader, settings);
  WarnOfHalfOAuth(settings);
  if (settings.mode != Mode::kRemote) settings.oauth = {};
  if (!settings.verify_tls) {
    settings.warnings.emplace_back(
        "HTTP_SSL_VERIFY is false: whoever answers for Keptn is believed, and is given the token");
  }
  return settings;
}

}  // namespace jobexec::keptn
