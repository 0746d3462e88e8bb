// The whole of intake over real HTTP, with a scheduler that says what the test wants.
#include "intake/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/cloudevents/event.h"
#include "common/http/http_client.h"
#include "tests/support/poll.h"
#include "tests/support/test_scheduler.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::PollUntil;
using ::jobexec::testing::TestScheduler;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr char kStructured[] = "application/cloudevents+json";
constexpr char kBatch[] = "application/cloudevents-batch+json";

std::string EventJson(const std::string& id) {
  return absl::StrCat(R"({"specversion":"1.0","id":")", id,
                      R"(","source":"/s","type":"dev.test","shkeptncontext":"ctx",)"
                      R"("data":{"project":"p","n":1.5}})");
}

TestScheduler::Script AcceptAll() {
  return [](const TestScheduler::Submission&) { return TestScheduler::Accepted(); };
}
TestScheduler::Script Hold() {
  return [](const TestScheduler::Submission&) { return std::nullopt; };
}

class IntakeAppTest : public ::testing::Test {
 protected:
  static Settings SettingsFor(const std::string& scheduler_address) {
    const config::Environment environment = {{"SCHEDULER_ADDRESS", scheduler_address},
                                             {"INTAKE_ADDRESS", "127.0.0.1"},
                                             {"RCV_PORT", "0"},
                                             {"ADMIN_ADDRESS", "127.0.0.1"},
                                             {"ADMIN_PORT", "0"},
                                             {"INTAKE_MAX_BODY_BYTES", "65536"}};
    config::SettingsReader reader(environment);
    return LoadSettings(reader);
  }

  void StartApp(const Settings& settings) {
    auto app = App::Start(settings);
    ASSERT_TRUE(app.ok()) << app.status();
    app_ = *std::move(app);
  }
  void StartApp(const TestScheduler& scheduler) { StartApp(SettingsFor(scheduler.address())); }

  http::Response Send(http::Request request, int port) {
    request.target = absl::StrCat("http://127.0.0.1:", port, request.target);
    auto response = client_->Send(request, absl::Seconds(60), /*idempotent=*/false);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : http::Response{.status = 0};
  }
  http::Response Post(http::Headers headers, const std::string& body) {
    return Send({.method = "POST", .target = "/", .headers = std::move(headers), .body = body},
                app_->port());
  }
  http::Response PostEvent(const std::string& id) {
    return Post({{"Content-Type", kStructured}}, EventJson(id));
  }
  http::Response Admin(const std::string& path) {
    return Send({.method = "GET", .target = path}, app_->admin_port());
  }
  bool WaitReady() {
    return PollUntil([this] { return Admin("/readyz").status == 200; }, kPatience);
  }

  const std::unique_ptr<http::Client> client_ = http::Client::Create({});
  std::unique_ptr<App> app_;
};

TEST_F(IntakeAppTest, TakesEachContentMode) {
  TestScheduler scheduler(AcceptAll());
  StartApp(scheduler);

  const http::Response binary = Post({{"ce-specversion", "1.0"},
                                      {"ce-id", "binary"},
                                      {"ce-source", "/s"},
                                      {"ce-type", "dev.test"},
                                      {"ce-shkeptncontext", "c%20x"},
                                      {"Content-Type", "application/json"}},
                                     "{ \"exact\": 1.0 }");
  const http::Response structured = PostEvent("structured");
  const http::Response batch = Post({{"Content-Type", kBatch}},
                                    absl::StrCat("[", EventJson("b1"), ",", EventJson("b2"), "]"));

  const Json accepted =
      Json::parse(R"({"outcome":"accepted","runs":[{"action":"act","jobs":["jobs/jes-1-000-001"],)"
                  R"("silent":false}],"alreadyKnown":false})");
  EXPECT_EQ(binary.status, 202);
  EXPECT_EQ(Json::parse(binary.body), accepted);
  EXPECT_EQ(structured.status, 202);
  EXPECT_EQ(Json::parse(structured.body), accepted);
  EXPECT_EQ(batch.status, 202);
  EXPECT_EQ(Json::parse(batch.body), Json({{"outcomes", {accepted, accepted}}}));
  const auto received = scheduler.Received();
  ASSERT_THAT(received, SizeIs(4));
  EXPECT_EQ(received[0].event().id(), "binary");
  EXPECT_EQ(received[0].event().text_data(), "{ \"exact\": 1.0 }");
  EXPECT_EQ(cloudevents::Attribute(received[0].event(), "shkeptncontext"), "c x");
  EXPECT_EQ(received[0].via(), TestScheduler::Submission::VIA_HTTP);
  EXPECT_GT(received[0].deadline().seconds(), absl::ToUnixSeconds(RealClock().TimeNow()));
  EXPECT_EQ(received[1].event().text_data(), R"({"n":1.5,"project":"p"})");
  EXPECT_EQ(received[2].event().id(), "b1");
  EXPECT_EQ(received[3].event().id(), "b2");
}

TEST_F(IntakeAppTest, AnswersEachOutcome) {
  TestScheduler scheduler([](const TestScheduler::Submission& s) {
    const std::string& id = s.event().id();
    if (id == "ignored") return TestScheduler::Ignored("no action matches");
    if (id == "recorded") return TestScheduler::Rejected(3, "CONFIG_INVALID", "line 3", true);
    if (id == "taken") return TestScheduler::Rejected(6, "OTHER_EVENT", "two events", false);
    if (id == "impossible") return TestScheduler::Rejected(3, "BAD_EVENT", "no", false);
    return TestScheduler::Retry(7, "the store is away");
  });
  StartApp(scheduler);
  struct Case {
    const char* id;
    int status;
    const char* body;
  };
  const Case cases[] = {
      {"ignored", 202, R"({"outcome":"ignored","reason":"no action matches"})"},
      {"recorded", 202, R"("recorded":true,"code":"INVALID_ARGUMENT","reason":"CONFIG_INVALID")"},
      {"taken", 409, "OTHER_EVENT: two events"},
      {"impossible", 422, "BAD_EVENT: no"},
      {"retry", 503, "the store is away"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.id);

    const http::Response response = PostEvent(c.id);

    EXPECT_EQ(response.status, c.status);
    EXPECT_THAT(response.body, HasSubstr(c.body));
    EXPECT_EQ(http::FindHeader(response.headers, "retry-after"), c.status == 503 ? "7" : "");
  }
  const http::Response batch =
      Post({{"Content-Type", kBatch}},
           absl::StrCat("[", EventJson("ignored"), ",", EventJson("retry"), "]"));
  EXPECT_EQ(batch.status, 503);
  EXPECT_THAT(batch.body, HasSubstr("1 of 2 events"));
}

TEST_F(IntakeAppTest, RefusesBadInputWithWhatToFixAndSubmitsNothing) {
  TestScheduler scheduler(AcceptAll());
  Settings settings = SettingsFor(scheduler.address());
  settings.path = "/events";
  StartApp(settings);
  struct Case {
    const char* name;
    http::Request request;
    int status;
    const char* detail;
  };
  const auto post = [](const char* type, std::string body) {
    return http::Request{.method = "POST",
                         .target = "/events",
                         .headers = {{"Content-Type", type}},
                         .body = std::move(body)};
  };
  const Case cases[] = {
      {"not JSON", post(kStructured, "{\"id\":"), 400, "line 1"},
      {"no type", post(kStructured, R"({"specversion":"1.0","id":"1","source":"/s"})"), 400,
       "attribute type is missing"},
      {"old version", post(kStructured, R"({"specversion":"0.3"})"), 400, "expected \\\"1.0\\\""},
      {"faulty batch", post(kBatch, absl::StrCat("[", EventJson("ok"), ",{}]")), 400, "event 1: "},
      {"batch that is none", post(kBatch, EventJson("1")), 400, "expected a list"},
      {"bad header",
       {.method = "POST", .target = "/events", .headers = {{"ce-id", "%FF"}}, .body = ""},
       400,
       "header ce-id"},
      {"wrong type", post("text/plain", "x"), 415, "send application/cloudevents+json"},
      {"xml format", post("application/cloudevents+xml", "x"), 415, "cloudevents+json"},
      {"too large", post(kStructured, std::string(65537, ' ')), 413, "65536"},
      {"path", {.method = "POST", .target = "/other"}, 404, "/events"},
      {"method", {.method = "GET", .target = "/events"}, 405, "POST"},
      {"no body", post(kStructured, ""), 400, "body"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);

    const http::Response response = Send(c.request, app_->port());

    EXPECT_EQ(response.status, c.status);
    EXPECT_EQ(http::FindHeader(response.headers, "content-type"), "application/problem+json");
    EXPECT_THAT(response.body, HasSubstr(c.detail));
    EXPECT_EQ(http::FindHeader(response.headers, "allow"), c.status == 405 ? "POST" : "");
  }
  EXPECT_THAT(scheduler.Received(), IsEmpty());
  const std::string metrics = Admin("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("jobexec_intake_refused_total{reason=\"invalid\"} 7\n"));
  EXPECT_THAT(metrics, HasSubstr("jobexec_intake_refused_total{reason=\"content_type\"} 2\n"));
  EXPECT_THAT(metrics, HasSubstr("jobexec_intake_refused_total{reason=\"body_too_large\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("jobexec_intake_refused_total{reason=\"path\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("jobexec_intake_refused_total{reason=\"method\"} 1\n"));
}

TEST_F(IntakeAppTest, TheSameEventPostedTwentyTimesAtOnce) {
  TestScheduler scheduler(AcceptAll());
  StartApp(scheduler);

  std::atomic<int> accepted = 0;
  std::vector<std::thread> posters;
  posters.reserve(20);
  for (int i = 0; i < 20; ++i) {
    posters.emplace_back([&] { accepted += PostEvent("same").status == 202 ? 1 : 0; });
  }
  for (std::thread& poster : posters) poster.join();

  EXPECT_EQ(accepted, 20);
  EXPECT_THAT(scheduler.Received(), SizeIs(20));
  EXPECT_THAT(Admin("/metrics").body,
              HasSubstr("jobexec_intake_events_total{outcome=\"accepted\"} 20\n"));
}

TEST_F(IntakeAppTest, WithoutASchedulerTheAnswerIs503AndNeverAFalse202) {
  const int port = TestScheduler(Hold()).port();
  Settings settings = SettingsFor(absl::StrCat("127.0.0.1:", port));
  settings.submit_timeout = absl::Milliseconds(100);
  StartApp(settings);
  EXPECT_EQ(Admin("/livez").status, 200);
  EXPECT_EQ(Admin("/readyz").status, 503);
  EXPECT_THAT(Admin("/readyz").body, HasSubstr(settings.scheduler_address));

  const http::Response away = PostEvent("a");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(http::FindHeader(away.headers, "retry-after"), "1");

  TestScheduler scheduler(AcceptAll(), port);
  ASSERT_TRUE(WaitReady());
  ASSERT_TRUE(PollUntil([this] { return PostEvent("a").status == 202; }, kPatience));
  EXPECT_THAT(Admin("/metrics").body, HasSubstr("jobexec_intake_stream_up 1\n"));
}

TEST_F(IntakeAppTest, APostOutlivesARestartOfTheScheduler) {
  auto first = std::make_unique<TestScheduler>(Hold());
  const int port = first->port();
  StartApp(*first);
  http::Response response;
  std::thread poster([&] { response = PostEvent("a"); });
  ASSERT_TRUE(first->WaitForReceived(1));

  first.reset();
  TestScheduler second(AcceptAll(), port);
  poster.join();

  EXPECT_EQ(response.status, 202);
  EXPECT_THAT(second.Received(), SizeIs(1));
}

TEST_F(IntakeAppTest, TooManyInFlightAreToldToComeBack) {
  TestScheduler scheduler(Hold());
  Settings settings = SettingsFor(scheduler.address());
  settings.max_in_flight = 1;
  StartApp(settings);
  http::Response held;
  std::thread poster([&] { held = PostEvent("held"); });
  ASSERT_TRUE(scheduler.WaitForReceived(1));

  const http::Response busy = PostEvent("other");
  const http::Response batch =
      Post({{"Content-Type", kBatch}}, absl::StrCat("[", EventJson("1"), ",", EventJson("2"), "]"));
  TestScheduler::Outcome outcome = TestScheduler::Accepted();
  outcome.set_sequence(1);
  scheduler.Send(outcome);
  poster.join();

  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(http::FindHeader(busy.headers, "retry-after"), "1");
  EXPECT_EQ(batch.status, 413);
  EXPECT_THAT(batch.body, HasSubstr("split it"));
  EXPECT_EQ(held.status, 202);
}

TEST_F(IntakeAppTest, StoppingFinishesWhatIsInFlight) {
  TestScheduler scheduler(
      [](const TestScheduler::Submission& s) -> std::optional<TestScheduler::Outcome> {
        if (s.event().id() == "held") return std::nullopt;
        return TestScheduler::Accepted();
      });
  StartApp(scheduler);
  http::Response held;
  std::thread poster([&] { held = PostEvent("held"); });
  ASSERT_TRUE(scheduler.WaitForReceived(1));

  std::thread stopper([&] { app_->Stop(); });
  ASSERT_TRUE(PollUntil([this] { return Admin("/readyz").status == 503; }, kPatience));
  ASSERT_TRUE(PollUntil([this] { return PostEvent("late").status == 503; }, kPatience));
  TestScheduler::Outcome outcome = TestScheduler::Accepted();
  outcome.set_sequence(1);
  scheduler.Send(outcome);
  poster.join();
  stopper.join();

  EXPECT_EQ(held.status, 202);
}

TEST_F(IntakeAppTest, StoppingAnswers503WhenTheDrainTimeIsOver) {
  TestScheduler scheduler(Hold());
  Settings settings = SettingsFor(scheduler.address());
  settings.drain_timeout = absl::Milliseconds(10);
  StartApp(settings);
  http::Response held;
  std::thread poster([&] { held = PostEvent("held"); });
  ASSERT_TRUE(scheduler.WaitForReceived(1));

  app_->Stop();
  poster.join();

  EXPECT_EQ(held.status, 503);
  EXPECT_THAT(held.body, HasSubstr("intake is stopping"));
}

TEST_F(IntakeAppTest, APortThatIsTakenIsNamed) {
  TestScheduler scheduler(AcceptAll());
  StartApp(scheduler);
  for (const bool admin : {false, true}) {
    Settings settings = SettingsFor(scheduler.address());
    (admin ? settings.admin_port : settings.port) = app_->port();

    const auto second = App::Start(settings);

    ASSERT_FALSE(second.ok());
    EXPECT_THAT(std::string(second.status().message()), HasSubstr(absl::StrCat(app_->port())));
  }
}

TEST_F(IntakeAppTest, HealthIsAnsweredWhereEventsAreTakenUnlessItHasAPortOfItsOwn) {
  const http::Request health = {.method = "GET", .target = "/health"};
  Settings settings = SettingsFor("127.0.0.1:1");
  StartApp(settings);
  EXPECT_EQ(Send(health, app_->port()).status, 200);

  settings.health_enabled = false;
  StartApp(settings);
  EXPECT_EQ(Send(health, app_->port()).status, 405);

  settings.health_enabled = true;
  settings.health_port = app_->port();
  app_.reset();
  StartApp(settings);
  ASSERT_NE(app_->port(), settings.health_port);
  EXPECT_EQ(Send(health, settings.health_port).status, 200);
  EXPECT_EQ(Send(health, app_->port()).status, 405);
}

}  // namespace
}  // namespace jobexec::intake
