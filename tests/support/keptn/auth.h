// Who may call: the x-token, OAuth's bearer tokens, and the brake on wrong ones.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/http/http_message.h"
#include "tests/support/keptn/event_log.h"
#include "tests/support/keptn/wire.h"

namespace jobexec::test_keptn {

// An OAuth 2.0 server for client credentials.
struct OAuthOptions {
  std::string client_id;  // empty: there is none
  std::string client_secret;
  std::vector<std::string> scopes;  // what a client may ask for
  absl::Duration expiry = absl::Hours(1);
  bool required = false;  // calls through the gateway need a valid bearer token
};

// Serves /oauth/.well-known/openid-configuration and /oauth/token. Thread-safe.
class OAuthServer {
 public:
  OAuthServer(OAuthOptions options, Clock& clock, EventLog& log);

  // `base` is the URL that the caller used, without path.
  http::Response Handle(const ServiceRequest& request, const std::string& base);

  bool required() const { return options_.required; }
  // The value of an Authorization header.
  bool IsValid(absl::string_view authorization) const;

  // Makes all tokens that were given out invalid.
  void RevokeAll();

 private:
  http::Response GiveToken(const ServiceRequest& request);

  const OAuthOptions options_;
  Clock& clock_;
  EventLog& log_;
  mutable absl::Mutex mutex_;
  std::map<std::string, absl::Time> tokens_ ABSL_GUARDED_BY(mutex_);  // until when
};

// Thread-safe.
class Auth {
 public:
  // `token` empty: no x-token is wanted. The others must outlive this.
  Auth(std::string token, const OAuthServer& oauth, Clock& clock);

  // Nothing if the caller may go on, else the answer: 401, or 429 after too many wrong attempts.
  std::optional<http::Response> Refuse(const http::Headers& headers);

  // From now on another x-token is right.
  void SetToken(const std::string& token);

 private:
  bool IsRight(const http::Headers& headers) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const OAuthServer& oauth_;
  Clock& clock_;
  absl::Mutex mutex_;
  std::string token_ ABSL_GUARDED_BY(mutex_);
  double allowance_ ABSL_GUARDED_BY(mutex_);  // of wrong attempts
  absl::Duration refilled_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::test_keptn
