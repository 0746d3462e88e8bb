// Requests that are no event: the right status, a text that says what to fix, nothing created.
#include <gmock/gmock.h>

#include "tests/cluster/installation.h"
#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::testing::Installation;
using ::jobexec::testing::IsOk;
using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kJson[] = "application/json";
constexpr char kStructured[] = "application/cloudevents+json";
constexpr char kBatch[] = "application/cloudevents-batch+json";

TEST(BadInputTest, IsRefusedWithAReasonAndCreatesNothing) {
  auto installation = Installation::Start({.intake = {{"INTAKE_MAX_BODY_BYTES", "65536"}}});
  ASSERT_THAT(installation, IsOk());
  const json good = Installation::MakeEvent("1", "sh.keptn.event.hello.triggered");
  json no_type = good;
  no_type.erase("type");
  json bad_version = good;
  bad_version["specversion"] = "0.3";
  json large = good;
  large["data"]["x"] = std::string(70'000, 'x');

  struct Case {
    std::string content_type;
    std::string body;
    http::Headers headers;
    int status;
    std::string text;
  };
  const std::vector<Case> cases = {
      {kStructured, "{broken", {}, 400, "JSON"},
      {kStructured, no_type.dump(), {}, 400, "type"},
      {kStructured, bad_version.dump(), {}, 400, "specversion"},
      {kStructured, "[]", {}, 400, "object"},
      {kStructured, large.dump(), {}, 413, "65536"},
      {kBatch, good.dump(), {}, 400, "list"},
      {kBatch, json({good, no_type}).dump(), {}, 400, "type"},
      {"text/plain", "hello", {}, 415, "text/plain"},
      {"", "", {}, 415, "ontent"},
      {kJson, "{}", {{"ce-id", "1"}, {"ce-specversion", "1.0"}, {"ce-source", "s"}}, 400, "type"},
      {kJson, "{}", {{"ce-specversion", "1.0"}, {"ce-source", "s"}, {"ce-type", "t"}}, 400, "id"},
  };
  for (const Case& c : cases) {
    const auto response = (*installation)->Post(c.content_type, c.body, c.headers);
    ASSERT_THAT(response, IsOk()) << c.body.substr(0, 100);
    EXPECT_EQ(response->status, c.status) << c.body.substr(0, 100) << response->body;
    EXPECT_EQ(http::FindHeader(response->headers, "content-type"), "application/problem+json");
    EXPECT_THAT(response->body, HasSubstr(c.text)) << c.body.substr(0, 100);
  }
  EXPECT_THAT((*installation)->Jobs(), IsEmpty());
}

}  // namespace
}  // namespace jobexec
