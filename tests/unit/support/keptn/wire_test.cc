#include "tests/support/keptn/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace jobexec::test_keptn {
namespace {

using ::testing::Eq;
using ::testing::Optional;

// A file "job/config.yaml" in a path: how it is escaped decides what arrives where.
TEST(GoRouterPath, DecodesOnceUnlessTheEscapesAreNotItsOwn) {
  EXPECT_THAT(GoRouterPath("/r/job%252Fconfig.yaml"), Optional(Eq("/r/job%2Fconfig.yaml")));
  EXPECT_THAT(GoRouterPath("/r/job%2Fconfig.yaml"), Optional(Eq("/r/job%2Fconfig.yaml")));
  EXPECT_THAT(GoRouterPath("/r/job/config.yaml"), Optional(Eq("/r/job/config.yaml")));
  EXPECT_THAT(GoRouterPath("/r/a%2520b"), Optional(Eq("/r/a%20b")));
  EXPECT_THAT(GoRouterPath("/r/a%252Bb"), Optional(Eq("/r/a%2Bb")));
  EXPECT_THAT(GoRouterPath("/r/%257Ea"), Optional(Eq("/r/%7Ea")));
  EXPECT_EQ(GoRouterPath("/r/100%"), std::nullopt);
}

TEST(NginxPath, MakesASlashOfASingleEscape) {
  EXPECT_THAT(NginxPath("/r/job%2Fconfig.yaml"), Optional(Eq("/r/job/config.yaml")));
  EXPECT_THAT(NginxPath("/r/job%252Fconfig.yaml"), Optional(Eq("/r/job%252Fconfig.yaml")));
  EXPECT_THAT(NginxPath("/r/a%2520b"), Optional(Eq("/r/a%2520b")));
  EXPECT_THAT(NginxPath("/r/a%20b"), Optional(Eq("/r/a%20b")));
  EXPECT_EQ(NginxPath("/r/%zz"), std::nullopt);
}

TEST(ToServiceRequest, SplitsTheTarget) {
  http::Request request;
  request.target = "/v1/a%2Fb?project=my%20shop&x=a+b&pageSize=7&nextPageKey=oops&empty";

  const ServiceRequest parsed = ToServiceRequest(std::move(request));

  EXPECT_EQ(parsed.path, "/v1/a%2Fb");
  EXPECT_EQ(parsed.Query("project"), "my shop");
  EXPECT_EQ(parsed.Query("x"), "a b");
  EXPECT_EQ(parsed.Query("empty"), "");
  EXPECT_EQ(parsed.Paging()->size, 7);
  EXPECT_EQ(parsed.Paging()->offset, 0);
}

TEST(ToServiceRequest, APageSizeThatIsNoNumberIsNoPage) {
  http::Request request;
  request.target = "/a?pageSize=many";
  EXPECT_FALSE(ToServiceRequest(std::move(request)).Paging().has_value());
}

TEST(RouteTable, FindsTheRouteByMethodAndSegments) {
  RouteTable routes;
  routes.Add("PUT", "/v1/thing/:id/ping",
             [](const ServiceRequest&, const RouteTable::Parameters& at) {
               return JsonReply(200, {{"id", at.at("id")}});
             });
  const auto status_of = [&](const std::string& method, const std::string& path) {
    ServiceRequest request;
    request.method = method;
    return routes.Serve(request, path).status;
  };

  EXPECT_EQ(status_of("PUT", "/v1/thing/7/ping"), 200);
  EXPECT_EQ(status_of("GET", "/v1/thing/7/ping"), 404);
  EXPECT_EQ(status_of("PUT", "/v1/thing/7"), 404);
  EXPECT_EQ(status_of("PUT", "/v1/thing/7/8/ping"), 404);
}

}  // namespace
}  // namespace jobexec::test_keptn
