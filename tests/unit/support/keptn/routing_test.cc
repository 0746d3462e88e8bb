#include "tests/support/keptn/routing.h"

#include <gtest/gtest.h>

#include <string>

namespace jobexec::test_keptn {
namespace {

ServiceRequest Request(const std::string& method, const std::string& path,
                       const std::string& host = "127.0.0.1:1") {
  ServiceRequest request;
  request.method = method;
  request.path = path;
  request.headers = {{"Host", host}};
  return request;
}

// The destination; one of the admin service with the status as path if the gateway answers itself.
Destination DestinationOf(const Routing& routing) {
  if (const auto* response = std::get_if<http::Response>(&routing)) {
    return {.service = Service::kAdmin, .path = std::to_string(response->status)};
  }
  return std::get<Destination>(routing);
}

void ExpectGateway(const std::string& method, const std::string& path, Service service,
                   const std::string& expected) {
  const Destination found = DestinationOf(RouteThroughGateway(Request(method, path), "/keptn"));
  EXPECT_EQ(found.service, service) << path;
  EXPECT_EQ(found.path, expected) << path;
  const bool has_own_check = service == Service::kApi || service == Service::kAdmin;
  EXPECT_EQ(found.needs_auth, !has_own_check) << path;
}

TEST(RouteThroughGateway, FindsTheService) {
  ExpectGateway("POST", "/keptn/api/v1/event", Service::kApi, "/v1/event");
  ExpectGateway("GET", "/keptn/api/controlPlane/v1/log", Service::kController, "/v1/log");
  ExpectGateway("GET", "/keptn/api/mongodb-datastore/event", Service::kDatastore, "/event");
  ExpectGateway("GET", "/keptn/api/resource-service/v1/project/p/resource/a%252Fb",
                Service::kResources, "/v1/project/p/resource/a%252Fb");
  ExpectGateway("GET", "/keptn/api/resource-service/v1/project/p/resource/a%2Fb",
                Service::kResources, "/v1/project/p/resource/a/b");
}

TEST(RouteThroughGateway, BlocksWhatIsNotForOutside) {
  const auto blocked = [](const std::string& method, const std::string& path) {
    ExpectGateway(method, "/keptn/api" + path, Service::kAdmin, "403");
  };
  blocked("DELETE", "/controlPlane/v1/log");
  blocked("POST", "/mongodb-datastore/event");
  blocked("POST", "/resource-service/v1/project");
  blocked("DELETE", "/resource-service/v1/project/p");
  blocked("POST", "/resource-service/v1/project/p/stage");
  blocked("DELETE", "/resource-service/v1/project/p/stage/s");
  blocked("POST", "/resource-service/v1/project/p/stage/s/service");
  blocked("DELETE", "/resource-service/v1/project/p/stage/s/service/v");
  ExpectGateway("GET", "/api/v1/event", Service::kAdmin, "404");
}

void ExpectCluster(const std::string& path, const std::string& host, Service service,
                   const std::string& expected) {
  const Destination found = DestinationOf(RouteInCluster(Request("GET", path, host)));
  EXPECT_EQ(found.service, service) << path;
  EXPECT_EQ(found.path, expected) << path;
}

TEST(RouteInCluster, ByHostProxyOrPath) {
  ExpectCluster("/v1/log", "shipyard-controller:8080", Service::kController, "/v1/log");
  ExpectCluster("/event", "mongodb-datastore.keptn.svc:8080", Service::kDatastore, "/event");
  ExpectCluster("http://resource-service:8080/v1/project/p/resource", "127.0.0.1:9",
                Service::kResources, "/v1/project/p/resource");
  ExpectCluster("/api-service/v1/event", "127.0.0.1:9", Service::kApi, "/v1/event");
  ExpectCluster("/shipyard-controller/v1/a%2Fb", "127.0.0.1:9", Service::kController, "/v1/a%2Fb");
  ExpectCluster("/v1/event", "127.0.0.1:9", Service::kAdmin, "404");
}

}  // namespace
}  // namespace jobexec::test_keptn
