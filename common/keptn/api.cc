#include "common/keptn/api.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/http/http_client.h"
#include "common/json/json.h"
#include "common/keptn/api_error.h"
#include "common/keptn/oauth.h"
#include "common/telemetry/log.h"

namespace jobexec::keptn {
namespace {

// A page of a thousand events, or a file of 16 MiB in Base64.
constexpr size_t kMaxAnswerBytes = 64 * 1024 * 1024;
// Deeper events are refused one by one, by who takes them; here they would hide all others.
constexpr size_t kMaxAnswerDepth = 512;

absl::string_view NameOf(Service service) {
  switch (service) {
    case Service::kApi:
      return "api-service";
    case Service::kControlPlane:
      return "shipyard-controller";
    case Service::kResources:
      return "resource-service";
    case Service::kDatastore:
      return "mongodb-datastore";
  }
  return "";
}

const std::string& UrlOf(const ServiceUrls& urls, Service service) {
  switch (service) {
    case Service::kApi:
      return urls.api;
    case Service::kControlPlane:
      return urls.control_plane;
    case Service::kResources:
      return urls.resources;
    case Service::kDatastore:
      break;
  }
  return urls.datastore;
}

// "GET resource-service /v1/project/p/resource".
std::string CallName(const Call& call) {
  return absl::StrCat(call.method, " ", NameOf(call.service), " ",
                      call.path.substr(0, call.path.find('?')));
}

http::Client::Options HttpOptions(const Settings& settings, std::function<bool()> may_send) {
  http::Client::Options options;
  options.may_send = std::move(may_send);
  options.tls.ca_file = settings.ca_file;
  options.tls.verify = settings.verify_tls;
  options.max_response_bytes = kMaxAnswerBytes;
  return options;
}

absl::Time DateOf(const http::Response& response) {
  absl::Time date;
  const bool parsed = absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT",
                                      http::FindHeader(response.headers, "Date"), &date, nullptr);
  return parsed ? date : absl::InfinitePast();
}

absl::Status TransportError(const Call& call, const absl::Status& status) {
  absl::Status error = Annotate(status, CallName(call));
  if (!absl::IsFailedPrecondition(status)) return error;
  absl::Status advised(
      error.code(),
      absl::StrCat(error.message(), " (name the authority that signed it in KEPTN_CA_FILE)"));
  SetReason(advised, GetReason(error));
  return advised;
}

class HttpApi final : public Api {
 public:
  HttpApi(const Settings& settings, Clock& clock, std::function<bool()> may_send)
      : settings_(settings),
        clock_(clock),
        http_(http::Client::Create(HttpOptions(settings, nullptr))),
        acting_http_(http::Client::Create(HttpOptions(settings, std::move(may_send)))) {
    if (settings_.oauth.enabled()) tokens_.emplace(settings_.oauth, *http_, clock);
  }

  absl::StatusOr<Answer> Send(const Call& call) override;
  absl::Status CheckReachable() const override;
  void Abort() override;

 private:
  absl::StatusOr<Answer> SendWithToken(const Call& call);
  absl::StatusOr<std::string> AccessToken(absl::Duration deadline);
  absl::StatusOr<http::Response> SendOnce(const Call& call, const std::string& access_token,
                                          absl::Duration deadline);
  absl::StatusOr<Answer> Interpret(const Call& call, http::Response response,
                                   const std::string& access_token) const;
  void Remember(const absl::Status& status);

  const Settings settings_;
  Clock& clock_;
  const std::unique_ptr<http::Client> http_;
  const std::unique_ptr<http::Client> acting_http_;  // for calls that are not idempotent
  std::optional<OAuthTokens> tokens_;
  mutable absl::Mutex mutex_;
  bool called_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status reachable_ ABSL_GUARDED_BY(mutex_) =
      absl::UnavailableError("Keptn was not called yet");
};

absl::StatusOr<Answer> HttpApi::Send(const Call& call) {
  auto answer = SendWithToken(call);
  Remember(answer.status());
  return answer;
}

absl::StatusOr<Answer> HttpApi::SendWithToken(const Call& call) {
  const absl::Duration deadline = clock_.Elapsed() + std::min(call.timeout, settings_.timeout);
  ASSIGN_OR_RETURN(std::string token, AccessToken(deadline));
  auto response = SendOnce(call, token, deadline);
  if (response.ok() && response->status == 401 && tokens_.has_value()) {
    tokens_->Drop(token);
    ASSIGN_OR_RETURN(token, AccessToken(deadline));
    response = SendOnce(call, token, deadline);
  }
  if (!response.ok()) return TransportError(call, response.status());
  return Interpret(call, *std::move(response), token);
}

// "" if there is no OAuth. Without a token Keptn is not asked, whatever went wrong.
absl::StatusOr<std::string> HttpApi::AccessToken(absl::Duration deadline) {
  if (!tokens_.has_value()) return std::string();
  auto token = tokens_->Get(deadline - clock_.Elapsed());
  if (token.ok()) return token;
  absl::Status error = token.status();
  SetReason(error, "NOT_SENT");
  return error;
}

absl::StatusOr<http::Response> HttpApi::SendOnce(const Call& call, const std::string& access_token,
                                                 absl::Duration deadline) {
  http::Request request = {.method = call.method,
                           .target = absl::StrCat(UrlOf(settings_.urls, call.service), call.path),
                           .headers = {{"Accept", "application/json"}},
                           .body = call.body};
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!settings_.token.empty()) request.headers.emplace_back("x-token", settings_.token);
  if (!access_token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + access_token);
  }
  http::Client& client = call.idempotent ? *http_ : *acting_http_;
  return client.Send(request, deadline - clock_.Elapsed(), call.idempotent);
}

void HttpApi::Abort() {
  http_->Abort();
  acting_http_->Abort();
}

absl::StatusOr<Answer> HttpApi::Interpret(const Call& call, http::Response response,
                                          const std::string& access_token) const {
  if (response.status < 300) {
    return Answer{response.status, std::move(response.body), DateOf(response)};
  }
  // Servers like to say which token they did not take.
  for (const std::string& secret : {settings_.token, settings_.oauth.client_secret, access_token}) {
    if (!secret.empty()) absl::StrReplaceAll({{secret, "***"}}, &response.body);
  }
  return ResponseError(CallName(call), response);
}

void HttpApi::Remember(const absl::Status& status) {
  const absl::Status now = ShowsReachable(status) ? absl::OkStatus() : status;
  bool changed = false;
  {
    absl::MutexLock lock(&mutex_);
    changed = !called_ || now.code() != reachable_.code();
    called_ = true;
    reachable_ = now;
  }
  if (!changed) return;
  if (now.ok()) {
    log::Info("Keptn answers");
  } else {
    log::Warning("Keptn cannot be used", {{"error", std::string(now.message())}});
  }
}

absl::Status HttpApi::CheckReachable() const {
  absl::MutexLock lock(&mutex_);
  return reachable_;
}

}  // namespace

std::unique_ptr<Api> Api::Create(const Settings& settings, Clock& clock,
                                 std::function<bool()> may_send) {
  for (const std::string& warning : settings.warnings) {
    log::Warning("doubtful setting", {{"warning", warning}});
  }
  return std::make_unique<HttpApi>(settings, clock, std::move(may_send));
}

absl::StatusOr<nlohmann::json> SendForJson(Api& api, const Call& call) {
  ASSIGN_OR_RETURN(const Answer answer, api.Send(call));
  return ParseAnswer(call, answer.body);
}

absl::StatusOr<nlohmann::json> ParseAnswer(const Call& call, absl::string_view body) {
  auto object = json::Parse(body, {.max_bytes = kMaxAnswerBytes, .max_depth = kMaxAnswerDepth});
  if (object.ok() && object->is_object()) return object;
  return absl::InternalError(
      absl::StrCat(CallName(call), ": Keptn's answer is not a JSON object: ",
                   object.ok() ? "it is of another type" : object.status().message()));
}

}  // namespace jobexec::keptn
