// Calls of Keptn's services: where each is, who we are, what an answer means.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/http/url.h"
#include "common/keptn/settings.h"

namespace jobexec::keptn {

// For path segments and query values of Call::path.
using http::Escape;

enum class Service { kApi, kControlPlane, kResources, kDatastore };

struct Call {
  std::string method = "GET";
  Service service = Service::kControlPlane;
  std::string path;  // with leading '/', escaped, may hold a query
  std::string body;  // JSON; empty: none
  // May be sent twice if a kept connection turns out to be dead.
  bool idempotent = true;
  // Longest time, if it is below Settings::timeout.
  absl::Duration timeout = absl::InfiniteDuration();
};

// What came back with a 2xx status.
struct Answer {
  int status = 200;
  std::string body;
  absl::Time date = absl::InfinitePast();  // the server's Date header, if it sent one
};

// Thread-safe. Calls block, at most Settings::timeout, a token that has to be fetched first
// included. A 401 makes it fetch a new OAuth token and send once more; nothing else is retried.
//
// Errors:
//   NOT_FOUND            404 in Keptn's own words
//   UNIMPLEMENTED        405, 501, 404 of Keptn's router: this Keptn has no such path
//   UNAUTHENTICATED      401, 403, or the OAuth server refuses our credentials
//   INVALID_ARGUMENT     400 and any other 4xx
//   ABORTED              409
//   FAILED_PRECONDITION  424; a redirect; the peer's certificate is not trusted
//   UNAVAILABLE          408; 429 (the gateway's word also when it cannot check who calls), with
//   its
//                        Retry-After; 5xx; a 404 that is not Keptn's own, so a gateway without its
//                        backend; the OAuth server is away; transport, see http::Client
//   DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED   see http::Client
// GetReason is "NOT_SENT" where Keptn provably took nothing: nothing was sent, 3xx, 501 and every
// 4xx but 408 and 409. The message has method, service, path without query, status and Keptn's own
// words, never a credential; GetErrorAnswer (api_error.h) gives status and words alone.
class Api {
 public:
  virtual ~Api() = default;

  // Logs the settings' warnings. `clock` must outlive it. `may_send`, as in http::Client::Options,
  // is asked before calls that are not idempotent.
  static std::unique_ptr<Api> Create(const Settings& settings, Clock& clock,
                                     std::function<bool()> may_send = nullptr);

  virtual absl::StatusOr<Answer> Send(const Call& call) = 0;

  // For /readyz: OK if the last call got an answer that shows neither a missing right nor an
  // outage, else why not. UNAVAILABLE before the first call. Each change is logged.
  virtual absl::Status CheckReachable() const = 0;

  // Resets all connections, as http::Client::Abort does. A test's API may have none.
  virtual void Abort() {}
};

// Send, and the answer's body parsed. INTERNAL if it is no JSON object.
absl::StatusOr<nlohmann::json> SendForJson(Api& api, const Call& call);

// The JSON object that `body` is. INTERNAL if it is none, or deeper or larger than an answer may
// be.
absl::StatusOr<nlohmann::json> ParseAnswer(const Call& call, absl::string_view body);

}  // namespace jobexec::keptn
