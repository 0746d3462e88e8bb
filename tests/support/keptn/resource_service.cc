#include "tests/support/keptn/resource_service.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/json/json.h"

namespace jobexec::test_keptn {
namespace {

int HttpStatusOf(const absl::Status& status) {
  if (absl::IsNotFound(status)) return 404;
  return absl::IsFailedPrecondition(status) ? 424 : 500;
}

http::Response ResourceError(const absl::Status& status) {
  return ErrorReply(HttpStatusOf(status), absl::string_view(status.message()));
}

nlohmann::json Metadata(const std::string& project, const std::string& version) {
  return {{"upstreamURL", absl::StrCat("https://git.example.com/", project, ".git")},
          {"version", version}};
}

std::string Get(const RouteTable::Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

bool IsBadName(const std::string& name) {
  return absl::StrContains(name, " ") || absl::StrContains(name, "/");
}

bool IsBadUri(const std::string& uri) {
  return uri.empty() || absl::StrContains(uri, "~") || absl::StrContains(uri, "..");
}

// Nothing unless the body is JSON with a Base64 text under "resourceContent" (absent: empty).
std::optional<std::string> DecodeContent(const nlohmann::json& resource) {
  std::string content;
  const nlohmann::json* encoded = json::Find(resource, "resourceContent");
  if (!resource.is_object() || (encoded != nullptr && !encoded->is_string())) return std::nullopt;
  if (!absl::Base64Unescape(json::GetString(resource, "resourceContent"), &content)) {
    return std::nullopt;
  }
  return content;
}

}  // namespace

ResourceService::ResourceService(ResourceHistory& history, EventLog& log)
    : history_(history), log_(log) {
  for (const char* level : {"/v1/project/:project", "/v1/project/:project/stage/:stage",
                            "/v1/project/:project/stage/:stage/service/:service"}) {
    AddRoutes(level);
  }
}

void ResourceService::AddRoutes(const std::string& level) {
  using Body =
      std::function<http::Response(const ServiceRequest&, const Place&, const std::string& uri)>;
  const auto add = [&](const std::string& method, const std::string& end, Body body) {
    routes_.Add(method, level + end,
                [this, body = std::move(body)](const ServiceRequest& request,
                                               const RouteTable::Parameters& parameters) {
                  const Place place{.project = Get(parameters, "project"),
                                    .stage = Get(parameters, "stage"),
                                    .service = Get(parameters, "service")};
                  const std::string uri = Get(parameters, "uri");
                  const bool bad = IsBadName(place.project) || IsBadName(place.stage) ||
                                   IsBadName(place.service) ||
                                   (parameters.contains("uri") && IsBadUri(uri));
                  http::Response response = bad ? ErrorReply(400, "invalid name or resource URI")
                                                : body(request, place, uri);
                  Note(request, place, uri, response.status);
                  return response;
                });
  };
  add("GET", "/resource/:uri",
      [this](const ServiceRequest& request, const Place& place, const std::string& uri) {
        return ReadOne(request, place, uri);
      });
  add("PUT", "/resource/:uri",
      [this](const ServiceRequest& request, const Place& place, const std::string& uri) {
        return WriteOne(request, place, uri);
      });
  add("DELETE", "/resource/:uri",
      [this](const ServiceRequest&, const Place& place, const std::string& uri) {
        return DeleteOne(place, uri);
      });
  add("GET", "/resource",
      [this](const ServiceRequest& request, const Place& place, const std::string&) {
        return ReadList(request, place);
      });
  add("POST", "/resource",
      [this](const ServiceRequest& request, const Place& place, const std::string&) {
        return WriteList(request, place, 201);
      });
  add("PUT", "/resource",
      [this](const ServiceRequest& request, const Place& place, const std::string&) {
        return WriteList(request, place, 200);
      });
}

http::Response ResourceService::Handle(const ServiceRequest& request) const {
  const std::optional<std::string> path = GoRouterPath(request.path);
  if (!path.has_value()) return http::MakeResponse(400, "text/plain", "400 Bad Request");
  return routes_.Serve(request, *path);
}

void ResourceService::Note(const ServiceRequest& request, const Place& place,
                           const std::string& uri, int status) const {
  log_.Add("resource", {{"method", request.method},
                        {"project", place.project},
                        {"stage", place.stage},
                        {"service", place.service},
                        {"uri", UnescapeQuery(uri).value_or(uri)},
                        {"commit", request.Query("gitCommitID")},
                        {"status", status}});
}

http::Response ResourceService::ReadOne(const ServiceRequest& request, const Place& place,
                                        const std::string& uri) const {
  const std::optional<std::string> path = UnescapeQuery(uri);
  if (!path.has_value()) return ErrorReply(400, "invalid resource URI");
  const auto content = history_.Read(place, *path, request.Query("gitCommitID"));
  if (!content.ok()) return ResourceError(content.status());
  nlohmann::json body = {{"resourceURI", uri},
                         {"metadata", Metadata(place.project, content->version)}};
  if (!content->text.empty()) body["resourceContent"] = absl::Base64Escape(content->text);
  return JsonReply(200, body);
}

http::Response ResourceService::WriteOne(const ServiceRequest& request, const Place& place,
                                         const std::string& uri) const {
  const std::optional<std::string> path = UnescapeQuery(uri);
  const auto body = json::Parse(request.body);
  const auto content = body.ok() ? DecodeContent(*body) : std::nullopt;
  if (!path.has_value() || !content.has_value()) return ErrorReply(400, "invalid payload");
  return Commit(place, {{*path, *content}}, 200);
}

http::Response ResourceService::DeleteOne(const Place& place, const std::string& uri) const {
  const std::optional<std::string> path = UnescapeQuery(uri);
  if (!path.has_value()) return ErrorReply(400, "invalid resource URI");
  const auto present = history_.Read(place, *path, "");
  if (!present.ok()) return ResourceError(present.status());
  return Commit(place, {{*path, std::nullopt}}, 200);
}

http::Response ResourceService::ReadList(const ServiceRequest& request, const Place& place) const {
  const std::optional<PageRequest> wanted = request.Paging();
  if (!wanted.has_value()) return ErrorReply(400, "invalid pageSize");
  const auto listing = history_.List(place);
  if (!listing.ok()) return ResourceError(listing.status());
  const Page page = RightPage(listing->paths.size(), *wanted);
  nlohmann::json resources = nlohmann::json::array();
  for (size_t i = page.begin; i < page.end; ++i) {
    resources.push_back({{"resourceURI", listing->paths[i]},
                         {"metadata", Metadata(place.project, listing->version)}});
  }
  return JsonReply(200, {{"resources", resources},
                         {"nextPageKey", page.next_key},
                         {"totalCount", listing->paths.size()}});
}

http::Response ResourceService::WriteList(const ServiceRequest& request, const Place& place,
                                          int status) const {
  const auto body = json::Parse(request.body);
  const nlohmann::json* resources = body.ok() ? json::Find(*body, "resources") : nullptr;
  if (resources == nullptr || !resources->is_array()) return ErrorReply(400, "invalid payload");
  std::map<std::string, std::optional<std::string>> files;
  for (const nlohmann::json& each : *resources) {
    const std::string path = json::GetString(each, "resourceURI");
    const std::optional<std::string> content = DecodeContent(each);
    if (IsBadUri(path) || !content.has_value()) return ErrorReply(400, "invalid payload");
    files[path] = content;
  }
  return Commit(place, files, status);
}

http::Response ResourceService::Commit(
    const Place& place, const std::map<std::string, std::optional<std::string>>& files,
    int status) const {
  const auto commit = history_.Write(place, files);
  if (!commit.ok()) return ResourceError(commit.status());
  return JsonReply(status, {{"commitID", *commit}, {"metadata", Metadata(place.project, *commit)}});
}

}  // namespace jobexec::test_keptn
