#include "reporter/keptn_publisher.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/base/status_details.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/reporter/scripted_api.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder
using Json = nlohmann::json;

constexpr char kType[] = "sh.keptn.event.deploy.started";

cloudevents::Event MakeEvent() {
  cloudevents::Event event;
  event.set_spec_version("1.0");
  event.set_id("id-1");
  event.set_source("jes");
  event.set_type(kType);
  cloudevents::SetAttribute(event, "triggeredid", "event-1");
  cloudevents::SetAttribute(event, "datacontenttype", "application/json");
  event.set_text_data(R"({"project":"shop"})");
  return event;
}

TEST(KeptnPublisher, PostsOnceToTheApiService) {
  ScriptedApi api([](const keptn::Call&) { return R"({"keptnContext":"c"})"; });
  KeptnPublisher publisher(api);

  EXPECT_EQ(publisher.transport(), Transport::kKeptn);
  const absl::StatusOr<Receipt> receipt = publisher.Publish(MakeEvent());

  ASSERT_THAT(receipt, IsOk());
  EXPECT_EQ(receipt->sequence, 0u);
  ASSERT_THAT(api.calls(), SizeIs(1));
  const keptn::Call call = api.calls()[0];
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.service, keptn::Service::kApi);
  EXPECT_EQ(call.path, "/v1/event");
  EXPECT_FALSE(call.idempotent);
  const Json body = Json::parse(call.body);
  EXPECT_EQ(body["source"], "jes");
  EXPECT_EQ(body["triggeredid"], "event-1");
  EXPECT_EQ(body["data"]["project"], "shop");
}

// Whether a repeat may be counted twice depends on this table.
TEST(KeptnPublisher, KnowsWhenKeptnTookNothing) {
  absl::Status refused = absl::UnavailableError("connection refused");
  SetReason(refused, kNotSent);
  const struct {
    const char* name;
    absl::Status failure;
    bool taken_maybe;
  } cases[] = {
      {"bad event", KeptnError(400), false},
      {"bad token", KeptnError(401), false},
      {"no right", KeptnError(403), false},
      {"no such path", KeptnError(404), false},
      {"too large", KeptnError(413), false},
      {"too many calls", KeptnError(429), false},
      {"no connection", refused, false},
      {"time-out of the gateway", KeptnError(408), true},
      {"Keptn failed", KeptnError(500), true},
      {"gateway without backend", KeptnError(502), true},
      {"no answer", absl::DeadlineExceededError("time-out"), true},
      {"cut", absl::UnavailableError("connection reset"), true},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    ScriptedApi api([&](const keptn::Call&) { return test.failure; });
    const absl::Status status = KeptnPublisher(api).Publish(MakeEvent()).status();
    EXPECT_EQ(status.code(), test.failure.code());
    EXPECT_EQ(GetReason(status), test.taken_maybe ? "" : kNotSent);
  }
}

// The controller's state of event-1's context.
std::string Executions(const std::string& current_id, const std::string& type = "",
                       const std::string& source = "jes") {
  Json events = Json::array();
  if (!type.empty()) events.push_back({{"eventType", type}, {"source", source}});
  const Json task = {{"name", "deploy"}, {"triggeredID", current_id}, {"events", events}};
  return Json({{"totalCount", 1},
               {"sequenceExecutions",
                {{{"status", {{"state", "started"}, {"currentTask", task}}}}}}})
      .dump();
}

std::string Stored(const std::string& triggered_id) {
  return Json({{"events", {{{"triggeredid", triggered_id}, {"type", kType}}}}}).dump();
}

runs::EventFacts Facts() {
  return {.id = "event-1",
          .source = "src",
          .type = "sh.keptn.event.deploy.triggered",
          .project = "shop",
          .stage = "dev",
          .keptn_context = "context-1"};
}

std::string Describe(const absl::StatusOr<Finding>& found) {
  if (!found.ok()) return absl::StatusCodeToString(found.status().code());
  const std::string by = found->from_event_store ? ", says the event store" : "";
  switch (found->kind) {
    case Finding::Kind::kStored:
      return "stored";
    case Finding::Kind::kAbsent:
      return "absent" + by;
    case Finding::Kind::kMoot:
      return "moot";
  }
  return "";
}

TEST(AskKeptn, AsksTheControllerFirst) {
  using Body = absl::StatusOr<std::string>;
  const std::string nothing = R"({"events":[]})";
  const struct {
    const char* name;
    Body controller;
    Body store;
    const char* found;
    int store_calls;
  } cases[] = {
      {"counted", Executions("event-1", kType), nothing, "stored", 0},
      {"current, nothing counted", Executions("event-1"), Stored("event-1"), "absent", 0},
      {"somebody else's", Executions("event-1", kType, "other"), nothing, "absent", 0},
      {"another task by now", Executions("event-2"), nothing, "moot", 0},
      {"no execution", R"({"sequenceExecutions":[]})", nothing, "moot", 0},
      {"no such call, stored", KeptnError(405), Stored("event-1"), "stored", 1},
      {"no such call, not stored", KeptnError(405), Stored("event-2"),
       "absent, says the event store", 1},
      {"no right to ask", KeptnError(403), nothing, "absent, says the event store", 1},
      {"an answer of another form", "{}", nothing, "absent, says the event store", 1},
      {"away, stored", KeptnError(503), Stored("event-1"), "stored", 1},
      {"away, not stored: wait for it", KeptnError(503), nothing, "UNAVAILABLE", 1},
      {"neither answers", KeptnError(403), KeptnError(503), "UNAUTHENTICATED", 1},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    ScriptedApi api([&](const keptn::Call& call) {
      return call.service == keptn::Service::kDatastore ? test.store : test.controller;
    });
    const runs::EventFacts facts = Facts();
    EXPECT_EQ(Describe(AskKeptn(api, {.facts = facts, .type = kType, .source = "jes"})),
              test.found);
    EXPECT_EQ(api.Count("/event"), test.store_calls);
  }
}

TEST(AskKeptn, WhatIsNoTaskOfKeptnsIsMoot) {
  for (const bool has_context : {false, true}) {
    ScriptedApi api([](const keptn::Call&) { return KeptnError(500); });
    runs::EventFacts facts = Facts();
    (has_context ? facts.project : facts.keptn_context).clear();
    EXPECT_EQ(Describe(AskKeptn(api, {.facts = facts, .type = kType, .source = "jes"})), "moot");
    EXPECT_THAT(api.calls(), SizeIs(0));
  }
}

TEST(KeptnPublisher, ProbesWithoutTakingAnythingForAnswer) {
  ScriptedApi api([](const keptn::Call&) { return KeptnError(404); });
  KeptnPublisher(api).Probe();
  ASSERT_THAT(api.calls(), SizeIs(1));
  EXPECT_EQ(api.calls()[0].method, "GET");
  EXPECT_THAT(api.calls()[0].path, HasSubstr("/v1/metadata"));
}

}  // namespace
}  // namespace jobexec::reporter
