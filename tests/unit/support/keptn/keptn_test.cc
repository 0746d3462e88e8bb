#include "tests/support/keptn/keptn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/http/http_client.h"
#include "common/json/json.h"
#include "tests/support/keptn/ids.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tls_material.h"

namespace jobexec::test_keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr absl::Duration kPatience = absl::Seconds(30);

class KeptnTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }
  void Start(const Keptn::Options& options) {
    keptn_.reset();
    auto keptn = Keptn::Start(options);
    ASSERT_THAT(keptn, IsOk());
    keptn_ = *std::move(keptn);
    keptn_->AddProject("shop", SimpleShipyard("dev", "delivery", {"deploy"}));
  }
  absl::StatusOr<http::Response> Call(const std::string& method, const std::string& url,
                                      const std::string& body = "") {
    return client_->Send(
        {.method = method,
         .target = url,
         .headers = {{"x-token", "test-token"}, {"Content-Type", "application/json"}},
         .body = body},
        kPatience, false);
  }
  Json Get(const std::string& path) {
    const auto response = Call("GET", keptn_->endpoint() + path);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? Json::parse(response->body, nullptr, false) : Json();
  }
  // Of the first open offer.
  Json Offer() {
    const Json offers =
        Get("/controlPlane/v1/event/triggered/sh.keptn.event.deploy.triggered?project=shop");
    return offers["events"].empty() ? Json() : offers["events"][0];
  }
  static std::string Answer(const Json& offer, const std::string& kind) {
    return Json{{"type", "sh.keptn.event.deploy." + kind},
                {"source", "tester"},
                {"shkeptncontext", offer["shkeptncontext"]},
                {"triggeredid", offer["id"]},
                {"data",
                 {{"project", "shop"},
                  {"stage", "dev"},
                  {"service", "cart"},
                  {"result", "pass"},
                  {"status", "succeeded"}}}}
        .dump();
  }
  int Counted(const std::string& kind) {
    return keptn_->log().Count("event",
                               {{"type", "sh.keptn.event.deploy." + kind}, {"outcome", "counted"}});
  }
  Keptn::Started StartDelivery(const std::string& service = "cart") {
    const auto started = keptn_->StartSequence(
        {.project = "shop", .stage = "dev", .service = service, .sequence = "delivery"});
    EXPECT_THAT(started, IsOk());
    return started.value_or(Keptn::Started{});
  }

  std::unique_ptr<Keptn> keptn_;
  std::unique_ptr<http::Client> client_ = http::Client::Create({});
};

TEST_F(KeptnTest, ASequenceIsOfferedAnsweredAndEnds) {
  const Keptn::Started run = StartDelivery();
  const Json offer = Offer();
  EXPECT_EQ(offer["shkeptncontext"], run.context);
  EXPECT_FALSE(offer.contains("datacontenttype"));

  for (const char* kind : {"started", "finished"}) {
    const auto posted = Call("POST", keptn_->endpoint() + "/v1/event", Answer(offer, kind));
    ASSERT_THAT(posted, IsOk());
    EXPECT_EQ(posted->status, 200) << posted->body;
  }

  EXPECT_TRUE(keptn_->WaitForEnd("shop", run.context, kPatience));
  EXPECT_EQ(Counted("started"), 1);
  EXPECT_EQ(Counted("finished"), 1);
  EXPECT_TRUE(Offer().is_null());
  const Json stored = Get("/mongodb-datastore/event?project=shop&keptnContext=" + run.context +
                          "&type=sh.keptn.event.deploy.started&source=tester");
  ASSERT_THAT(stored["events"], SizeIs(1));
  EXPECT_EQ(stored["events"][0]["triggeredid"], offer["id"]);
}

TEST_F(KeptnTest, TheListOfOffersHasThePagingFault) {
  for (int i = 0; i < 25; ++i) StartDelivery(absl::StrCat("service-", i));
  const std::string list = "/controlPlane/v1/event/triggered/sh.keptn.event.deploy.triggered";

  const Json first = Get(list);
  const Json second = Get(list + "?nextPageKey=20");
  const Json all = Get(list + "?pageSize=1000");

  EXPECT_THAT(first["events"], SizeIs(20));
  EXPECT_EQ(first["nextPageKey"], "20");
  EXPECT_THAT(second["events"], SizeIs(5));
  EXPECT_EQ(second["events"][0]["id"], first["events"][0]["id"]);
  EXPECT_THAT(all["events"], SizeIs(25));
  EXPECT_EQ(Call("GET", keptn_->endpoint() + list + "?project=none")->status, 404);
  EXPECT_THAT(Get(list + "?project=shop&eventID=none")["events"], SizeIs(0));
}

TEST_F(KeptnTest, ALostReplyIsProcessed) {
  StartDelivery();
  const Json offer = Offer();
  keptn_->faults().Add(
      {.path = "*/v1/event", .body = "deploy.started", .effect = Fault::Effect::kLoseReply});

  EXPECT_THAT(Call("POST", keptn_->endpoint() + "/v1/event", Answer(offer, "started")),
              StatusIs(absl::StatusCode::kUnavailable, _));

  EXPECT_EQ(Counted("started"), 1);
  EXPECT_EQ(keptn_->log().Count("http", {{"lost", true}}), 1);
}

TEST_F(KeptnTest, ACutCallIsNotProcessed) {
  StartDelivery();
  const Json offer = Offer();
  keptn_->faults().Add({.path = "*/v1/event", .effect = Fault::Effect::kCut});

  EXPECT_FALSE(Call("POST", keptn_->endpoint() + "/v1/event", Answer(offer, "started")).ok());

  EXPECT_EQ(Counted("started"), 0);
  EXPECT_EQ(Call("POST", keptn_->endpoint() + "/v1/event", Answer(offer, "started"))->status, 200);
  EXPECT_EQ(Counted("started"), 1);
}

TEST_F(KeptnTest, ADelayedCallIsAnsweredLater) {
  keptn_->faults().Add({.path = "*/v1/metadata",
                        .effect = Fault::Effect::kStatus,
                        .status = 429,
                        .retry_after = "3",
                        .delay = absl::Milliseconds(10)});

  const auto response = Call("GET", keptn_->endpoint() + "/v1/metadata");

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(std::string(http::FindHeader(response->headers, "Retry-After")), "3");
  EXPECT_EQ(Call("GET", keptn_->endpoint() + "/v1/metadata")->status, 200);
}

TEST_F(KeptnTest, TheControllerMayLagBehind) {
  StartDelivery();
  const Json offer = Offer();
  keptn_->broker().PauseController(true);
  EXPECT_EQ(Call("POST", keptn_->endpoint() + "/v1/event", Answer(offer, "started"))->status, 200);
  EXPECT_EQ(Counted("started"), 0);

  keptn_->broker().PauseController(false);

  EXPECT_EQ(Counted("started"), 1);
}

TEST_F(KeptnTest, AWrongTokenAndAMissingApiService) {
  const auto with_token = [this](const std::string& token) {
    const auto response =
        client_->Send({.method = "GET",
                       .target = keptn_->endpoint() + "/controlPlane/v1/uniform/registration",
                       .headers = {{"x-token", token}}},
                      kPatience, true);
    return response.ok() ? response->status : 0;
  };
  EXPECT_EQ(with_token("wrong"), 401);
  EXPECT_EQ(with_token("test-token"), 200);
  keptn_->SetApiDown(true);
  EXPECT_EQ(with_token("test-token"), 429);
  EXPECT_EQ(Call("POST", keptn_->endpoint() + "/v1/event", "{}")->status, 502);
}

TEST_F(KeptnTest, ServesTheServicesInTheCluster) {
  const std::string registration =
      R"({"name":"a","metadata":{"hostname":"n","kubernetesmetadata":{"namespace":"k"}}})";
  const std::string base = keptn_->service_url("shipyard-controller") + "/v1/uniform/registration";
  const auto created = Call("POST", base, registration);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->status, 201);
  const std::string id = json::GetString(Json::parse(created->body), "id");

  EXPECT_EQ(Call("POST", base, registration)->status, 200);
  EXPECT_EQ(Call("PUT", base + "/" + id + "/ping")->status, 200);
  EXPECT_EQ(Call("DELETE", base + "/" + id)->status, 200);
  EXPECT_EQ(Call("DELETE", base + "/" + id)->status, 200);
  EXPECT_EQ(Call("PUT", base + "/" + id + "/ping")->status, 404);
  EXPECT_EQ(Call("POST", base, R"({"name":"b"})")->status, 400);
  keptn_->resources().CommitFile({"shop", "dev", "cart"}, "a/b", "text");
  const std::string file = "/v1/project/shop/stage/dev/service/cart/resource/a%2Fb";
  EXPECT_EQ(Call("GET", keptn_->service_url("resource-service") + file)->status, 200);
  EXPECT_EQ(Call("GET", keptn_->endpoint() + "/resource-service" + file)->status, 404);
  EXPECT_EQ(keptn_->ReadsOf({"shop", "dev", "cart"}, "a/b", ""), 1);
}

TEST_F(KeptnTest, ShowsWhatTheControllerCounted) {
  const Keptn::Started run = StartDelivery();
  const Json offer = Offer();
  Call("POST", keptn_->endpoint() + "/v1/event", Answer(offer, "started")).IgnoreError();

  const Json shown =
      Get("/controlPlane/v1/sequence-execution?project=shop&keptnContext=" + run.context);

  ASSERT_EQ(shown["totalCount"], 1);
  const Json& task = shown["sequenceExecutions"][0]["status"]["currentTask"];
  EXPECT_EQ(task["triggeredID"], offer["id"]);
  EXPECT_EQ(task["events"][0]["source"], "tester");
}

TEST_F(KeptnTest, AbortsThroughTheApi) {
  const Keptn::Started run = StartDelivery();

  const auto response = Call(
      "POST", keptn_->endpoint() + "/controlPlane/v1/sequence/shop/" + run.context + "/control",
      R"({"state":"abort","stage":""})");

  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(Offer().is_null());
  EXPECT_EQ(Get("/controlPlane/v1/sequence/shop?keptnContext=" + run.context)["states"][0]["state"],
            "aborted");
}

TEST_F(KeptnTest, KeepsTheLogsOfIntegrations) {
  const auto response =
      Call("POST", keptn_->endpoint() + "/controlPlane/v1/log",
           R"({"logs":[{"integrationid":"i","message":"broken","task":"deploy"}]})");

  EXPECT_EQ(response->status, 200);
  ASSERT_THAT(keptn_->controller().Logs(), SizeIs(1));
  EXPECT_EQ(keptn_->controller().Logs()[0]["message"], "broken");
}

TEST_F(KeptnTest, ListensWithTls) {
  const testing::KeyPair authority = testing::MakeAuthority("test");
  Start({.prefix = "/keptn", .tls = testing::MakeCertificate(authority, "keptn")});
  http::Client::Options trusting;
  trusting.tls.ca_pem = authority.certificate_pem;
  const auto client = http::Client::Create(trusting);
  const http::Request request = {.method = "GET",
                                 .target = keptn_->tls_endpoint() + "/v1/metadata",
                                 .headers = {{"x-token", "test-token"}}};

  const auto response = client->Send(request, kPatience, true);

  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(response->body, HasSubstr("1.4.5"));
  EXPECT_THAT(client_->Send(request, kPatience, true),
              StatusIs(absl::StatusCode::kFailedPrecondition, _));
}

TEST_F(KeptnTest, IsSteeredOverHttp) {
  const std::string base = absl::StrCat("http://127.0.0.1:", keptn_->port(), "/test");
  const auto fault =
      Call("POST", base + "/faults", R"({"effect":"status","path":"*/v1/metadata"})");
  EXPECT_EQ(fault->status, 201);
  EXPECT_EQ(Call("GET", keptn_->endpoint() + "/v1/metadata")->status, 503);
  EXPECT_EQ(Call("POST", base + "/faults", R"({"effect":"explode"})")->status, 400);
  const auto committed =
      Call("POST", base + "/resources", R"({"project":"shop","stage":"dev","files":{"a":"text"}})");
  EXPECT_EQ(keptn_->resources().Read({"shop", "dev"}, "a", "")->version,
            json::GetString(Json::parse(committed->body), "commit"));
  const auto started = Call(
      "POST", base + "/sequences",
      R"({"project":"shop","stage":"dev","service":"cart","sequence":"delivery","data":{"x":1}})");
  EXPECT_EQ(Offer()["shkeptncontext"], json::GetString(Json::parse(started->body), "keptnContext"));
  EXPECT_EQ(Offer()["data"]["x"], 1);

  const auto log = Call("GET", base + "/log?kind=task_triggered");
  const Json entry = Json::parse(log->body, nullptr, false);
  EXPECT_EQ(entry["task"], "deploy");
  EXPECT_EQ(
      Call("GET", absl::StrCat(base, "/log?kind=task_triggered&after=", entry["n"].get<int>()))
          ->body,
      "");
}

TEST_F(KeptnTest, SwitchesThingsOffAndOn) {
  const std::string switches = absl::StrCat("http://127.0.0.1:", keptn_->port(), "/test/switches");
  keptn_->resources().CommitFile({"shop", "dev", "cart"}, "a", "text");

  Call("PUT", switches,
       R"({"datastoreLossy":true,"apiDown":true,"trouble":{"project":"shop","kind":"badToken"}})")
      .IgnoreError();
  StartDelivery();

  EXPECT_THAT(keptn_->datastore().Find({}), SizeIs(0));
  EXPECT_EQ(Call("POST", keptn_->endpoint() + "/v1/event", "{}")->status, 502);
  EXPECT_THAT(keptn_->resources().Read({"shop", "dev", "cart"}, "a", ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, _));
  EXPECT_EQ(Call("PUT", switches, R"({"trouble":{"project":"shop","kind":"x"}})")->status, 400);
}

}  // namespace
}  // namespace jobexec::test_keptn
