#include "tests/support/keptn/routing.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace jobexec::test_keptn {
namespace {

http::Response Forbidden() { return http::MakeResponse(403, "text/html", "403 Forbidden"); }

// What only the test itself calls.
std::optional<Destination> RouteToTest(absl::string_view path) {
  if (absl::StartsWith(path, "/test/")) {
    return Destination{.service = Service::kAdmin, .path = std::string(path)};
  }
  if (absl::StartsWith(path, "/oauth/")) {
    return Destination{.service = Service::kOAuth, .path = std::string(path)};
  }
  return std::nullopt;
}

// Projects, stages and services can be neither made nor deleted from outside: only their resources
// are reached.
bool ReachesResources(absl::string_view path) {
  const std::vector<std::string> segments = Segments(path);
  return segments.size() > 3 && absl::StrContains(path, "/resource") &&
         (segments[3] == "resource" || (segments[3] == "stage" && segments.size() > 5 &&
                                        (segments[5] == "resource" || segments.size() > 7)));
}

bool IsReading(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

struct Upstream {
  absl::string_view location;  // below <prefix>/api
  Service service;
};
constexpr Upstream kUpstreams[] = {{"/controlPlane", Service::kController},
                                   {"/mongodb-datastore", Service::kDatastore},
                                   {"/resource-service", Service::kResources}};

bool IsBlocked(Service service, const std::string& method, absl::string_view path) {
  switch (service) {
    case Service::kController:
      return method == "DELETE" && absl::StartsWith(path, "/v1/log");
    case Service::kDatastore:
      return path == "/health" || (path == "/event" && !IsReading(method));
    case Service::kResources:
      return absl::StartsWith(path, "/v1/project") && !ReachesResources(path);
    default:
      return false;
  }
}

std::optional<Service> ServiceOf(absl::string_view host) {
  const std::vector<std::string> labels = absl::StrSplit(host, absl::ByAnyChar(".:"));
  if (labels[0] == "api-service") return Service::kApi;
  if (labels[0] == "shipyard-controller") return Service::kController;
  if (labels[0] == "resource-service") return Service::kResources;
  if (labels[0] == "mongodb-datastore") return Service::kDatastore;
  return std::nullopt;
}

}  // namespace

Routing RouteThroughGateway(const ServiceRequest& request, absl::string_view prefix) {
  if (auto own = RouteToTest(request.path)) return *own;
  const std::optional<std::string> path = NginxPath(request.path);
  if (!path.has_value()) return http::MakeResponse(400, "text/html", "400 Bad Request");
  absl::string_view rest = *path;
  if (!absl::ConsumePrefix(&rest, absl::StrCat(prefix, "/api"))) {
    return http::MakeResponse(404, "text/html", "404 Not Found");
  }
  for (const Upstream& upstream : kUpstreams) {
    if (!absl::ConsumePrefix(&rest, upstream.location)) continue;
    if (IsBlocked(upstream.service, request.method, rest)) return Forbidden();
    return Destination{.service = upstream.service, .path = std::string(rest), .needs_auth = true};
  }
  return Destination{.service = Service::kApi, .path = std::string(rest)};
}

Routing RouteInCluster(const ServiceRequest& request) {
  if (auto own = RouteToTest(request.path)) return *own;
  absl::string_view path = request.path;
  std::string host(http::FindHeader(request.headers, "Host"));
  if (absl::ConsumePrefix(&path, "http://")) {
    const size_t slash = std::min(path.find('/'), path.size());
    host = std::string(path.substr(0, slash));
    path.remove_prefix(slash);
  }
  std::optional<Service> service = ServiceOf(host);
  if (!service.has_value()) {
    absl::ConsumePrefix(&path, "/");
    const size_t slash = std::min(path.find('/'), path.size());
    service = ServiceOf(path.substr(0, slash));
    path.remove_prefix(slash);
  }
  if (service.has_value()) return Destination{.service = *service, .path = std::string(path)};
  return ErrorReply(404,
                    "the test Keptn serves its services by Host (api-service, "
                    "shipyard-controller, resource-service, mongodb-datastore) or under a path "
                    "that begins with that name");
}

}  // namespace jobexec::test_keptn
