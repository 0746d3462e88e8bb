#include "common/keptn/oauth.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/http/url.h"
#include "common/json/json.h"

namespace jobexec::keptn {
namespace {

constexpr double kRenewAfter = 0.8;  // of a token's life
// While a living token cannot be renewed.
constexpr absl::Duration kRenewRetry = absl::Seconds(5);
constexpr int64_t kDefaultLifetimeSeconds = 300;  // servers need not tell it
constexpr int64_t kMaxLifetimeSeconds = int64_t{365} * 24 * 3600;

bool IsPrintable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isgraph(c); });
}

// "invalid_client" and the like; nothing else that a server sends is shown.
std::string ErrorCode(const http::Response& response) {
  const auto body = json::Parse(response.body);
  const std::string code = body.ok() ? json::GetString(*body, "error") : "";
  const bool is_code = std::all_of(
      code.begin(), code.end(), [](unsigned char c) { return absl::ascii_islower(c) || c == '_'; });
  return is_code && code.size() <= 64 ? code : "";
}

bool IsRefusal(int status) { return status == 400 || status == 401 || status == 403; }

absl::Status AnswerError(absl::string_view call, const http::Response& response) {
  const std::string code = ErrorCode(response);
  const std::string what = absl::StrCat(call, ": the OAuth server answered ", response.status,
                                        code.empty() ? "" : " ", code);
  if (IsRefusal(response.status)) {
    return absl::UnauthenticatedError(
        absl::StrCat(what, " (check OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET and OAUTH_SCOPES)"));
  }
  return absl::UnavailableError(what);
}

// A number of seconds, which some servers write as a string.
int64_t LifetimeSeconds(const nlohmann::json& body) {
  int64_t seconds = json::GetInt(body, "expires_in", kDefaultLifetimeSeconds);
  int64_t written = 0;
  if (absl::SimpleAtoi(json::GetString(body, "expires_in"), &written)) seconds = written;
  return std::clamp<int64_t>(seconds, 0, kMaxLifetimeSeconds);
}

absl::StatusOr<nlohmann::json> ParseObject(absl::string_view call, const http::Response& response) {
  auto body = json::Parse(response.body);
  if (body.ok() && body->is_object()) return body;
  return absl::UnavailableError(
      absl::StrCat(call, ": the OAuth server's answer is not a JSON object"));
}

}  // namespace

bool OAuthTokens::IsAliveLocked() const {
  return !token_.empty() && clock_.Elapsed() < expires_at_;
}

absl::StatusOr<std::string> OAuthTokens::Get(absl::Duration timeout) {
  const absl::Duration deadline = clock_.Elapsed() + timeout;
  Style style = Style::kUnknown;
  {
    absl::MutexLock lock(&mutex_);
    if (IsAliveLocked() && (fetching_ || clock_.Elapsed() < renew_at_)) return token_;
    if (fetching_) {
      const auto ended = [this, seen = fetches_]()
                             ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return fetches_ != seen; };
      mutex_.Await(absl::Condition(&ended));
      return last_;
    }
    fetching_ = true;
    style = style_;
  }
  const auto fetched = Fetch(deadline, style);
  absl::MutexLock lock(&mutex_);
  style_ = style;
  KeepLocked(fetched);
  return last_;
}

// A failed renewal is no failure while the old token lives.
void OAuthTokens::KeepLocked(const absl::StatusOr<Token>& fetched) {
  fetching_ = false;
  ++fetches_;
  const absl::Duration now = clock_.Elapsed();
  if (fetched.ok()) {
    token_ = fetched->text;
    renew_at_ = now + fetched->lifetime * kRenewAfter;
    expires_at_ = now + fetched->lifetime;
    last_ = token_;
  } else if (IsAliveLocked()) {
    renew_at_ = now + kRenewRetry;
    last_ = token_;
  } else {
    last_ = fetched.status();
  }
}

void OAuthTokens::Drop(const std::string& token) {
  absl::MutexLock lock(&mutex_);
  if (token_ == token) token_.clear();
}

absl::StatusOr<OAuthTokens::Token> OAuthTokens::Fetch(absl::Duration deadline, Style& style) {
  ASSIGN_OR_RETURN(const std::string url, TokenUrl(deadline));
  const Style first = style == Style::kUnknown ? Style::kHeader : style;
  auto token = Ask(url, first, deadline);
  if (absl::IsUnauthenticated(token.status()) && style == Style::kUnknown) {
    token = Ask(url, Style::kBody, deadline);
    style = token.ok() ? Style::kBody : Style::kUnknown;
    return token;
  }
  style = token.ok() ? first : Style::kUnknown;
  return token;
}

absl::StatusOr<std::string> OAuthTokens::TokenUrl(absl::Duration deadline) {
  if (!settings_.token_url.empty()) return settings_.token_url;
  constexpr char kCall[] = "OAUTH_DISCOVERY";
  ASSIGN_OR_RETURN(const http::Response response,
                   Send({.method = "GET", .target = settings_.discovery_url}, deadline));
  if (response.status != 200) return AnswerError(kCall, response);
  ASSIGN_OR_RETURN(const nlohmann::json body, ParseObject(kCall, response));
  std::string url = json::GetString(body, "token_endpoint");
  if (absl::StartsWith(url, "https://") || absl::StartsWith(url, "http://")) return url;
  return absl::UnavailableError(absl::StrCat(kCall, ": the answer has no \"token_endpoint\""));
}

absl::StatusOr<OAuthTokens::Token> OAuthTokens::Ask(const std::string& url, Style style,
                                                    absl::Duration deadline) {
  constexpr char kCall[] = "OAuth token";
  const std::string id = http::Escape(settings_.client_id);
  const std::string secret = http::Escape(settings_.client_secret);
  http::Request request = {
      .method = "POST",
      .target = url,
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                  {"Accept", "application/json"}},
      .body = absl::StrCat("grant_type=client_credentials&scope=",
                           http::Escape(absl::StrJoin(settings_.scopes, " ")))};
  if (style == Style::kHeader) {
    request.headers.emplace_back("Authorization",
                                 "Basic " + absl::Base64Escape(absl::StrCat(id, ":", secret)));
  } else {
    absl::StrAppend(&request.body, "&client_id=", id, "&client_secret=", secret);
  }
  ASSIGN_OR_RETURN(const http::Response response, Send(request, deadline));
  if (response.status != 200) return AnswerError(kCall, response);
  ASSIGN_OR_RETURN(const nlohmann::json body, ParseObject(kCall, response));
  Token token = {json::GetString(body, "access_token"), absl::Seconds(LifetimeSeconds(body))};
  if (!token.text.empty() && IsPrintable(token.text)) return token;
  return absl::UnavailableError(absl::StrCat(kCall, ": the answer has no \"access_token\""));
}

absl::StatusOr<http::Response> OAuthTokens::Send(const http::Request& request,
                                                 absl::Duration deadline) {
  auto response = http_.Send(request, deadline - clock_.Elapsed(), /*idempotent=*/true);
  if (!response.ok()) return Annotate(response.status(), "OAuth server");
  return response;
}

}  // namespace jobexec::keptn
