// Whether there is a Keptn, where it is, and how it knows us.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/config/settings.h"

namespace jobexec::keptn {

enum class Mode {
  kNone,       // KEPTN_API_ENDPOINT is not set: no Keptn
  kInCluster,  // set but empty: events over NATS, Keptn's services by their names in the cluster
  kRemote,     // a URL: everything over HTTP through Keptn's gateway
};

// OAuth 2.0 client credentials; on if client id, secret, scopes and a URL are all set.
struct OAuthSettings {
  std::string client_id;
  std::string client_secret;
  std::vector<std::string> scopes;
  std::string token_url;      // wins over the discovery URL
  std::string discovery_url;  // answers JSON with "token_endpoint"

  bool enabled() const {
    return !client_id.empty() && !client_secret.empty() && !scopes.empty() &&
           !(token_url.empty() && discovery_url.empty());
  }
};

// Base URLs of Keptn's services, without a slash at the end.
struct ServiceUrls {
  std::string api;            // POST /v1/event
  std::string control_plane;  // shipyard-controller: uniform, triggered events, log, sequences
  std::string resources;      // resource-service
  std::string datastore;      // mongodb-datastore
};

struct Settings {
  Mode mode = Mode::kNone;
  ServiceUrls urls;
  std::string token;    // x-token; empty: not sent
  OAuthSettings oauth;  // in the remote mode alone: in the cluster nobody asks for it
  bool verify_tls = true;
  std::string ca_file;  // PEM, read again for each connection; empty: the system's authorities
  // Of one call, a token that has to be fetched first included. At most 30 s: what is sent must not
  // outlive a lost leadership by more.
  absl::Duration timeout = absl::Seconds(30);
  // What is allowed but looks like a mistake; Api::Create logs them.
  std::vector<std::string> warnings;
};

// Reads KEPTN_API_ENDPOINT, KEPTN_API_TOKEN, OAUTH_*, HTTP_SSL_VERIFY, KEPTN_CA_FILE,
// API_PROXY_HTTP_TIMEOUT and, for installations that are laid out otherwise, KEPTN_API_SERVICE_URL,
// KEPTN_CONTROL_PLANE_URL, KEPTN_RESOURCE_SERVICE_URL, KEPTN_DATASTORE_URL and the original's
// CONFIGURATION_SERVICE. Faults are added to the reader; none of them repeats a secret.
Settings LoadSettings(config::SettingsReader& reader);

}  // namespace jobexec::keptn
