#include "tests/support/keptn/auth.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/support/keptn/ids.h"

namespace jobexec::test_keptn {
namespace {

// Wrong tokens: so many a second, so many at once.
constexpr double kWrongPerSecond = 1;
constexpr double kWrongBurst = 2;

struct Credentials {
  std::string id;
  std::string secret;
};

// From the Authorization header, else from the form.
Credentials CredentialsOf(const ServiceRequest& request, const ServiceRequest& form) {
  absl::string_view header = http::FindHeader(request.headers, "Authorization");
  std::string pair;
  if (!absl::ConsumePrefix(&header, "Basic ") || !absl::Base64Unescape(header, &pair)) {
    return {.id = form.Query("client_id"), .secret = form.Query("client_secret")};
  }
  const std::pair<std::string, std::string> parts = absl::StrSplit(pair, absl::MaxSplits(':', 1));
  return {.id = UnescapeQuery(parts.first).value_or(""),
          .secret = UnescapeQuery(parts.second).value_or("")};
}

// A form is written as a query is.
ServiceRequest ParseForm(const std::string& body) {
  http::Request request;
  request.target = "/?" + body;
  return ToServiceRequest(std::move(request));
}

http::Response OAuthError(int status, const std::string& error) {
  return JsonReply(status, {{"error", error}});
}

}  // namespace

OAuthServer::OAuthServer(OAuthOptions options, Clock& clock, EventLog& log)
    : options_(std::move(options)), clock_(clock), log_(log) {}

http::Response OAuthServer::Handle(const ServiceRequest& request, const std::string& base) {
  if (options_.client_id.empty()) return PageNotFound();
  if (request.path == "/oauth/.well-known/openid-configuration" && request.method == "GET") {
    return JsonReply(200, {{"issuer", base + "/oauth"}, {"token_endpoint", base + "/oauth/token"}});
  }
  if (request.path != "/oauth/token" || request.method != "POST") return PageNotFound();
  http::Response response = GiveToken(request);
  log_.Add("oauth_token", {{"status", response.status}});
  return response;
}

http::Response OAuthServer::GiveToken(const ServiceRequest& request) {
  const ServiceRequest form = ParseForm(request.body);
  const Credentials credentials = CredentialsOf(request, form);
  if (credentials.id != options_.client_id || credentials.secret != options_.client_secret) {
    return OAuthError(401, "invalid_client");
  }
  if (form.Query("grant_type") != "client_credentials") {
    return OAuthError(400, "unsupported_grant_type");
  }
  for (const std::string& scope :
       std::vector<std::string>(absl::StrSplit(form.Query("scope"), ' ', absl::SkipEmpty()))) {
    const auto& known = options_.scopes;
    if (std::find(known.begin(), known.end(), scope) == known.end()) {
      return OAuthError(400, "invalid_scope");
    }
  }
  const std::string token = RandomUuid();
  absl::MutexLock lock(&mutex_);
  tokens_[token] = clock_.TimeNow() + options_.expiry;
  return JsonReply(200, {{"access_token", token},
                         {"token_type", "Bearer"},
                         {"expires_in", absl::ToInt64Seconds(options_.expiry)},
                         {"scope", form.Query("scope")}});
}

bool OAuthServer::IsValid(absl::string_view authorization) const {
  if (!absl::ConsumePrefix(&authorization, "Bearer ")) return false;
  absl::MutexLock lock(&mutex_);
  const auto token = tokens_.find(std::string(authorization));
  return token != tokens_.end() && token->second > clock_.TimeNow();
}

void OAuthServer::RevokeAll() {
  absl::MutexLock lock(&mutex_);
  tokens_.clear();
}

Auth::Auth(std::string token, const OAuthServer& oauth, Clock& clock)
    : oauth_(oauth),
      clock_(clock),
      token_(std::move(token)),
      allowance_(kWrongBurst),
      refilled_(clock.Elapsed()) {}

void Auth::SetToken(const std::string& token) {
  absl::MutexLock lock(&mutex_);
  token_ = token;
}

bool Auth::IsRight(const http::Headers& headers) const {
  if (oauth_.required() && !oauth_.IsValid(http::FindHeader(headers, "Authorization"))) {
    return false;
  }
  return token_.empty() || http::FindHeader(headers, "x-token") == token_;
}

std::optional<http::Response> Auth::Refuse(const http::Headers& headers) {
  absl::MutexLock lock(&mutex_);
  if (IsRight(headers)) return std::nullopt;
  const absl::Duration now = clock_.Elapsed();
  allowance_ =
      std::min(kWrongBurst, allowance_ + kWrongPerSecond * absl::ToDoubleSeconds(now - refilled_));
  refilled_ = now;
  if (allowance_ < 1) return ErrorReply(429, "too many requests");
  allowance_ -= 1;
  return ErrorReply(401, "unauthenticated or invalid credentials");
}

}  // namespace jobexec::test_keptn
