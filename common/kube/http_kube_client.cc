#include "common/kube/http_kube_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/http/url.h"
#include "common/json/json.h"
#include "common/kube/api_error.h"
#include "common/kube/log_window.h"
#include "common/kube/watch_decoder.h"

namespace jobexec::kube {
namespace {

constexpr char kJson[] = "application/json";
// Of what was made nobody needs the rest; servers that cannot leave it out send it all.
constexpr char kMetadataOnly[] =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr size_t kMaxResponseBytes = 64 * 1024 * 1024;
constexpr uint64_t kMaxLogBytesRead = 64 * 1024 * 1024;
// The API's limitBytes may be missed by a little: a log this much shorter may still have been cut.
constexpr int64_t kLogLimitTolerance = 4096;

using Query = std::vector<std::pair<absl::string_view, std::string>>;

// "?a=b&c=d"; fields without a value are left out.
std::string ToText(const Query& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    absl::StrAppend(&text, text.empty() ? "?" : "&", name, "=", http::Escape(value));
  }
  return text;
}

std::string PathOf(const Collection& collection) {
  if (collection.name_space.empty()) return absl::StrCat(collection.api, "/", collection.plural);
  return absl::StrCat(collection.api, "/namespaces/", http::Escape(collection.name_space), "/",
                      collection.plural);
}

// An empty name would address the whole collection, dots another path.
absl::Status CheckName(absl::string_view name) {
  if (!name.empty() && name.front() != '.') return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" cannot be an object's name"));
}

std::string PathOf(const Collection& collection, absl::string_view name) {
  return absl::StrCat(PathOf(collection), "/", http::Escape(name));
}

std::string CallName(absl::string_view verb, const Collection& collection, absl::string_view name) {
  return absl::StrCat(verb, " ", collection.plural, "/", name);
}

std::string Dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

http::Client::Options HttpOptions(const ClusterConfig& config, std::function<bool()> may_send) {
  http::Client::Options options;
  options.tls = config.tls;
  options.max_response_bytes = kMaxResponseBytes;
  options.may_send = std::move(may_send);
  return options;
}

}  // namespace

Collection Jobs(absl::string_view name_space) {
  return {"/apis/batch/v1", std::string(name_space), "jobs"};
}
Collection Pods(absl::string_view name_space) {
  return {"/api/v1", std::string(name_space), "pods"};
}
Collection Events(absl::string_view name_space) {
  return {"/api/v1", std::string(name_space), "events"};
}
Collection Leases(absl::string_view name_space) {
  return {"/apis/coordination.k8s.io/v1", std::string(name_space), "leases"};
}

std::unique_ptr<HttpKubeClient> HttpKubeClient::Create(const ClusterConfig& config, Clock& clock,
                                                       std::function<bool()> may_send) {
  return std::unique_ptr<HttpKubeClient>(new HttpKubeClient(config, clock, std::move(may_send)));
}

HttpKubeClient::HttpKubeClient(const ClusterConfig& config, Clock& clock,
                               std::function<bool()> may_send)
    : server_(config.server),
      clock_(clock),
      token_(config.token, config.token_file, clock),
      http_(http::Client::Create(HttpOptions(config, std::move(may_send)))) {}

void HttpKubeClient::Abort() { http_->Abort(); }

http::Request HttpKubeClient::MakeRequest(const Call& call, const std::string& token) const {
  http::Request request{call.method, server_ + call.path, {{"Accept", call.accept}}, ""};
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  if (!call.content_type.empty()) request.headers.emplace_back("Content-Type", call.content_type);
  return request;
}

absl::StatusOr<http::Response> HttpKubeClient::Send(Call call, absl::Duration timeout) {
  const absl::Duration deadline = clock_.Elapsed() + timeout;
  ASSIGN_OR_RETURN(const std::string token, token_.Get());
  http::Request request = MakeRequest(call, token);
  request.body = std::move(call.body);
  auto response = http_->Send(request, timeout, call.idempotent);
  if (response.ok() && response->status == 401 && token_.Replaces(token)) {
    ASSIGN_OR_RETURN(const std::string newer, token_.Get());
    std::string body = std::move(request.body);
    request = MakeRequest(call, newer);
    request.body = std::move(body);
    response = http_->Send(request, deadline - clock_.Elapsed(), call.idempotent);
  }
  if (!response.ok()) return Annotate(response.status(), call.name);
  if (response->status >= 300) return ResponseError(call.name, *response);
  return response;
}

absl::StatusOr<nlohmann::json> HttpKubeClient::SendForJson(Call call, absl::Duration timeout) {
  const std::string name = call.name;
  ASSIGN_OR_RETURN(const http::Response response, Send(std::move(call), timeout));
  auto object = json::Parse(response.body, {.max_bytes = kMaxResponseBytes});
  if (object.ok() && object->is_object()) return object;
  return absl::InternalError(
      absl::StrCat(name, ": the API server's answer is not a JSON object: ",
                   object.ok() ? "it is of another type" : object.status().message()));
}

absl::StatusOr<http::Response> HttpKubeClient::Stream(
    const Call& call, const absl::Notification& stop, absl::Duration idle_timeout,
    absl::FunctionRef<bool(absl::string_view)> on_data) {
  ASSIGN_OR_RETURN(const std::string token, token_.Get());
  auto response = http_->Stream(MakeRequest(call, token), stop, idle_timeout, on_data);
  if (response.ok() && response->status == 401 && token_.Replaces(token)) {
    ASSIGN_OR_RETURN(const std::string newer, token_.Get());
    response = http_->Stream(MakeRequest(call, newer), stop, idle_timeout, on_data);
  }
  if (!response.ok()) return Annotate(response.status(), call.name);
  if (response->status >= 300) return ResponseError(call.name, *response);
  return response;
}

absl::Status HttpKubeClient::Create(const Collection& collection, absl::string_view body,
                                    absl::Duration timeout) {
  return Send({.name = absl::StrCat("create ", collection.plural),
               .method = "POST",
               // What the server does not know is refused, not dropped with a warning.
               .path = absl::StrCat(PathOf(collection), "?fieldValidation=Strict"),
               .content_type = kJson,
               .body = std::string(body),
               .accept = kMetadataOnly},
              timeout)
      .status();
}

absl::StatusOr<nlohmann::json> HttpKubeClient::Get(const Collection& collection,
                                                   absl::string_view name, absl::Duration timeout) {
  RETURN_IF_ERROR(CheckName(name));
  return SendForJson({.name = CallName("get", collection, name),
                      .method = "GET",
                      .path = PathOf(collection, name),
                      .content_type = "",
                      .body = ""},
                     timeout);
}

absl::StatusOr<nlohmann::json> HttpKubeClient::Patch(const Collection& collection,
                                                     absl::string_view name,
                                                     const nlohmann::json& json_patch,
                                                     absl::Duration timeout) {
  RETURN_IF_ERROR(CheckName(name));
  return SendForJson({.name = CallName("patch", collection, name),
                      .method = "PATCH",
                      .path = PathOf(collection, name),
                      .content_type = "application/json-patch+json",
                      .body = Dump(json_patch),
                      // Sent twice, the second would fail at a test that the first made false.
                      .idempotent = false},
                     timeout);
}

absl::Status HttpKubeClient::Delete(const Collection& collection, absl::string_view name,
                                    absl::string_view uid, absl::Duration timeout) {
  RETURN_IF_ERROR(CheckName(name));
  nlohmann::json options = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}};
  if (!uid.empty()) options["preconditions"] = {{"uid", std::string(uid)}};
  return Send({.name = CallName("delete", collection, name),
               .method = "DELETE",
               .path = PathOf(collection, name),
               .content_type = kJson,
               .body = Dump(options)},
              timeout)
      .status();
}

absl::StatusOr<nlohmann::json> HttpKubeClient::List(const Collection& collection,
                                                    const ListOptions& options,
                                                    absl::Duration timeout) {
  const Query query = {{"labelSelector", options.label_selector},
                       {"fieldSelector", options.field_selector},
                       {"limit", absl::StrCat(options.limit)},
                       {"continue", options.continue_token}};
  return SendForJson({.name = absl::StrCat("list ", collection.plural),
                      .method = "GET",
                      .path = PathOf(collection) + ToText(query),
                      .content_type = "",
                      .body = ""},
                     timeout);
}

absl::StatusOr<nlohmann::json> HttpKubeClient::Update(const Collection& collection,
                                                      absl::string_view name,
                                                      const nlohmann::json& object,
                                                      absl::Duration timeout) {
  RETURN_IF_ERROR(CheckName(name));
  return SendForJson({.name = CallName("update", collection, name),
                      .method = "PUT",
                      .path = PathOf(collection, name),
                      .content_type = kJson,
                      .body = Dump(object),
                      // Sent twice, the second would fail at the resourceVersion.
                      .idempotent = false},
                     timeout);
}

absl::Status HttpKubeClient::Watch(
    const Collection& collection, const WatchOptions& options, const absl::Notification& stop,
    absl::FunctionRef<void(WatchEventType, const nlohmann::json& object)> on_event) {
  const Query query = {{"watch", "true"},
                       {"allowWatchBookmarks", "true"},
                       {"labelSelector", options.label_selector},
                       {"resourceVersion", options.resource_version},
                       {"timeoutSeconds",
                        absl::StrCat(std::max<int64_t>(1, absl::ToInt64Seconds(options.timeout)))}};
  const Call call = {.name = absl::StrCat("watch ", collection.plural),
                     .method = "GET",
                     .path = PathOf(collection) + ToText(query),
                     .content_type = "",
                     .body = ""};
  WatchDecoder decoder;
  absl::Status decoded;
  const auto response = Stream(call, stop, options.idle_timeout, [&](absl::string_view data) {
    decoded = decoder.Feed(data, on_event);
    return decoded.ok();
  });
  return decoded.ok() ? response.status() : decoded;
}

absl::StatusOr<std::string> HttpKubeClient::ReadLog(absl::string_view name_space,
                                                    absl::string_view pod,
                                                    absl::string_view container,
                                                    int64_t limit_bytes, absl::Duration timeout) {
  RETURN_IF_ERROR(CheckName(pod));
  if (limit_bytes <= 0) return absl::InvalidArgumentError("the limit of a log must be above 0");
  const std::string path = PathOf(Pods(name_space), pod);
  const std::string name = absl::StrCat("read log of pods/", pod, " container ", container);
  const auto call = [&](const Query& query) {
    return Call{.name = name,
                .method = "GET",
                .path = absl::StrCat(path, "/log", ToText(query)),
                .content_type = "",
                .body = ""};
  };
  const absl::Duration deadline = clock_.Elapsed() + timeout;
  // Most logs are short: one request on a kept connection.
  ASSIGN_OR_RETURN(http::Response whole,
                   Send(call({{"container", std::string(container)},
                              {"limitBytes", absl::StrCat(limit_bytes + kLogLimitTolerance)}}),
                        timeout));
  if (whole.body.size() <= static_cast<size_t>(limit_bytes)) return std::move(whole.body);
  whole.body = std::string();
  return ReadLongLog(call({{"container", std::string(container)}}),
                     static_cast<size_t>(limit_bytes), deadline - clock_.Elapsed());
}

absl::StatusOr<std::string> HttpKubeClient::ReadLongLog(const Call& call, size_t limit,
                                                        absl::Duration timeout) {
  const absl::Duration deadline = clock_.Elapsed() + timeout;
  const absl::Notification never;
  LogWindow window(limit);
  bool in_time = true;
  const auto response = Stream(call, never, timeout, [&](absl::string_view data) {
    window.Append(data);
    in_time = clock_.Elapsed() < deadline;
    return in_time && window.total_bytes() < kMaxLogBytesRead;
  });
  if (!in_time) {
    return absl::DeadlineExceededError(absl::StrCat(call.name, ": not read whole in time"));
  }
  const bool reached_limit = window.total_bytes() >= kMaxLogBytesRead;
  if (!response.ok() && !reached_limit) return response.status();
  return window.Text();
}

absl::Status HttpKubeClient::StreamLog(absl::string_view name_space, absl::string_view pod,
                                       const LogOptions& options, const absl::Notification& stop,
                                       absl::Duration idle_timeout,
                                       absl::FunctionRef<bool(absl::string_view)> on_data) {
  RETURN_IF_ERROR(CheckName(pod));
  Query query = {{"container", options.container},
                 {"follow", options.follow ? "true" : ""},
                 {"timestamps", options.timestamps ? "true" : ""}};
  if (options.tail_lines >= 0) query.emplace_back("tailLines", absl::StrCat(options.tail_lines));
  if (options.since != absl::InfinitePast()) {
    query.emplace_back("sinceTime",
                       absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", options.since, absl::UTCTimeZone()));
  }
  const Call call = {
      .name = absl::StrCat("stream log of pods/", pod, " container ", options.container),
      .method = "GET",
      .path = absl::StrCat(PathOf(Pods(name_space), pod), "/log", ToText(query)),
      .content_type = "",
      .body = ""};
  return Stream(call, stop, idle_timeout, on_data).status();
}

absl::Status HttpKubeClient::CheckReady(absl::Duration timeout) {
  return Send({.name = "check readiness",
               .method = "GET",
               .path = "/readyz",
               .content_type = "",
               .body = ""},
              timeout)
      .status();
}

}  // namespace jobexec::kube
