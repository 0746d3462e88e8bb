#include "tests/support/keptn/resource_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "common/json/json.h"
#include "tests/support/fake_clock.h"

namespace jobexec::test_keptn {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using Json = nlohmann::json;

const Place kPlace{.project = "shop", .stage = "dev", .service = "cart"};
constexpr char kBase[] = "/v1/project/shop/stage/dev/service/cart/resource";

class ResourceServiceTest : public ::testing::Test {
 protected:
  http::Response Call(const std::string& method, const std::string& target,
                      const Json& body = Json()) {
    http::Request request;
    request.method = method;
    request.target = target;
    if (!body.is_null()) request.body = body.dump();
    return service_.Handle(ToServiceRequest(std::move(request)));
  }
  int Status(const std::string& target) { return Call("GET", target).status; }
  static Json BodyOf(const http::Response& response) { return Json::parse(response.body); }

  testing::FakeClock clock_;
  EventLog log_{clock_};
  ResourceHistory history_;
  ResourceService service_{history_, log_};
};

TEST_F(ResourceServiceTest, ReadsAFileAtACommit) {
  const std::string commit = history_.CommitFile(kPlace, "job/config.yaml", "hello");
  history_.CommitFile(kPlace, "job/config.yaml", "later");

  const http::Response response =
      Call("GET", std::string(kBase) + "/job%252Fconfig.yaml?gitCommitID=" + commit);

  EXPECT_EQ(response.status, 200);
  const Json body = BodyOf(response);
  EXPECT_EQ(body["resourceURI"], "job%2Fconfig.yaml");
  EXPECT_EQ(body["resourceContent"], absl::Base64Escape("hello"));
  EXPECT_EQ(body["metadata"]["version"], commit);
  EXPECT_FALSE(body["metadata"].contains("branch"));
  EXPECT_EQ(log_.Count("resource", {{"uri", "job/config.yaml"}, {"commit", commit}}), 1);
}

TEST_F(ResourceServiceTest, EscapesInTheCluster) {
  history_.Commit(kPlace, {{"job/config.yaml", "x"}, {"a b+c", "y"}, {"~tilde", "z"}});
  const std::string base = kBase;

  EXPECT_EQ(Status(base + "/job%252Fconfig.yaml"), 200);
  EXPECT_EQ(Status(base + "/job%2Fconfig.yaml"), 200);
  EXPECT_EQ(Status(base + "/job/config.yaml"), 404);
  EXPECT_EQ(Status(base + "/a%2520b%252Bc"), 200);
  EXPECT_EQ(Status(base + "/~tilde"), 400);
  EXPECT_EQ(Status(base + "/%257Etilde"), 200);
  EXPECT_EQ(Status(base + "/..%252Fcart"), 400);
}

TEST_F(ResourceServiceTest, AnEmptyFileHasNoContent) {
  history_.CommitFile(kPlace, "empty", "");

  EXPECT_FALSE(BodyOf(Call("GET", std::string(kBase) + "/empty")).contains("resourceContent"));
}

TEST_F(ResourceServiceTest, ErrorsHaveCodeAndMessage) {
  history_.CommitFile(kPlace, "a", "x");

  const http::Response missing = Call("GET", std::string(kBase) + "/none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(BodyOf(missing), Json({{"code", 404}, {"message", "Resource not found"}}));
  EXPECT_EQ(Status(std::string(kBase) + "/a?gitCommitID=0123456789"), 500);
  history_.SetTrouble("shop", ResourceHistory::Trouble::kBadToken);
  EXPECT_EQ(Status(std::string(kBase) + "/a"), 424);
  EXPECT_EQ(Status("/v1/project/my%20shop/resource/a"), 400);
  EXPECT_EQ(Call("GET", "/v1/project/shop/service/cart/resource").body, "404 page not found");
}

TEST_F(ResourceServiceTest, ListsInPages) {
  for (int i = 0; i < 44; ++i) history_.CommitFile(kPlace, "f" + std::to_string(100 + i), "x");
  const auto page = [this](const std::string& query) {
    return BodyOf(Call("GET", std::string(kBase) + query));
  };

  const Json first = page("?gitCommitID=ignored");
  EXPECT_EQ(first["totalCount"], 45);
  EXPECT_EQ(first["nextPageKey"], "20");
  EXPECT_EQ(first["resources"][0]["resourceURI"], "/f100");
  const Json last = page("?nextPageKey=40");
  EXPECT_EQ(last["nextPageKey"], "0");
  EXPECT_THAT(last["resources"], SizeIs(5));
  EXPECT_EQ(last["resources"][4]["resourceURI"], "/metadata.yaml");
}

TEST_F(ResourceServiceTest, WritesFiles) {
  history_.AddService("shop", "dev", "cart");
  const Json list = {
      {"resources", {{{"resourceURI", "a/b"}, {"resourceContent", absl::Base64Escape("one")}}}}};

  const http::Response created = Call("POST", kBase, list);
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(history_.Read(kPlace, "a/b", "")->version, BodyOf(created)["commitID"]);
  EXPECT_EQ(
      Call("PUT", std::string(kBase) + "/a%252Fb", {{"resourceContent", absl::Base64Escape("two")}})
          .status,
      200);
  EXPECT_EQ(history_.Read(kPlace, "a/b", "")->text, "two");
  EXPECT_EQ(Call("PUT", std::string(kBase) + "/a", {{"resourceContent", "%%%"}}).status, 400);
  EXPECT_EQ(Call("DELETE", std::string(kBase) + "/a%252Fb").status, 200);
  EXPECT_EQ(Call("DELETE", std::string(kBase) + "/a%252Fb").status, 404);
  EXPECT_EQ(Call("POST", "/v1/project/none/resource", list).status, 404);
}

}  // namespace
}  // namespace jobexec::test_keptn
