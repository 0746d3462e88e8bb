#include "common/keptn/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/status_details.h"
#include "tests/support/fake_clock.h"
#include "tests/support/raw_socket.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/keptn/scripted_keptn.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::JsonAnswer;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kType[] = "sh.keptn.event.load-test.triggered";

class EventsTest : public ::testing::Test {
 protected:
  void Answer(int status, const std::string& body) {
    absl::MutexLock lock(&mutex_);
    answer_ = JsonAnswer(status, body);
  }
  void AnswerTo(std::function<http::Response(const http::Request&)> script) {
    absl::MutexLock lock(&mutex_);
    script_ = std::move(script);
  }

  absl::Mutex mutex_;
  http::Response answer_ ABSL_GUARDED_BY(mutex_);
  std::function<http::Response(const http::Request&)> script_ ABSL_GUARDED_BY(mutex_);
  testing::ScriptedKeptn keptn_{[this](const http::Request& request) {
    absl::MutexLock lock(&mutex_);
    return script_ ? script_(request) : answer_;
  }};
  testing::FakeClock clock_;
  std::unique_ptr<Api> api_ = Api::Create(keptn_.RemoteSettings(), clock_);
};

// ---- Offers. ----

TEST_F(EventsTest, AsksForOneLargePage) {
  Answer(200, R"({"events":[],"nextPageKey":"0","totalCount":0})");

  const auto offers = ListOffers(*api_, kType, {{"shop"}, {"dev", "qa"}, {"c&d"}}, clock_);

  ASSERT_THAT(offers, IsOk());
  EXPECT_TRUE(offers->events.empty());
  EXPECT_TRUE(offers->complete);
  EXPECT_THAT(keptn_.lines(),
              ElementsAre("GET /api/controlPlane/v1/event/triggered/"
                          "sh.keptn.event.load-test.triggered?pageSize=1000&project=shop"
                          "&service=c%26d"))
      << "Keptn takes one value each; several are filtered here";
}

TEST_F(EventsTest, ReadsOffersLeniently) {
  Answer(200, R"({"events":[
    {"specversion":"1.0","id":"7b1c","source":"shipyard-controller","type":"sh.keptn.event.x.triggered",
     "time":"2024-03-01T10:00:00.123456789Z","shkeptncontext":"c0ffee00","gitcommitid":"9f1e",
     "shkeptnspecversion":"latest","extensions":{},"data":{"project":"shop","n":12345678901234567890}},
    {"id":"8","source":"s","type":"t","contenttype":"application/json","data":{"x":{}}},
    {"id":7}, "text", null],"totalCount":5})");

  const auto offers = ListOffers(*api_, kType, {}, clock_);

  ASSERT_THAT(offers, IsOk());
  ASSERT_THAT(offers->events, SizeIs(2));
  EXPECT_EQ(offers->invalid, 3);
  EXPECT_TRUE(offers->complete);
  EXPECT_EQ(offers->events[0].id(), "7b1c");
  EXPECT_EQ(cloudevents::Attribute(offers->events[0], "shkeptncontext"), "c0ffee00");
  EXPECT_THAT(offers->events[0].text_data(), HasSubstr("12345678901234567890"));
  EXPECT_EQ(offers->events[1].spec_version(), "1.0");
  EXPECT_THAT(cloudevents::Validate(offers->events[0]), IsOk());
  EXPECT_THAT(cloudevents::Validate(offers->events[1]), IsOk());
}

TEST_F(EventsTest, APageThatHoldsNotAllProvesNoAbsence) {
  Answer(200, R"({"events":[{"id":"1","source":"s","type":"t","data":{}}],"totalCount":1001})");
  EXPECT_FALSE(ListOffers(*api_, kType, {}, clock_)->complete);

  Answer(200, R"({"events":[{"id":"1","source":"s","type":"t","data":{}}]})");
  EXPECT_TRUE(ListOffers(*api_, kType, {}, clock_)->complete) << "no count: older services";
}

TEST_F(EventsTest, GoWritesAnEmptyListAsNull) {
  Answer(200, R"({"events":null,"totalCount":0})");
  EXPECT_TRUE(ListOffers(*api_, kType, {}, clock_)->events.empty());
}

TEST_F(EventsTest, AnAnswerWithoutAListIsNotTheEndOfAllOffers) {
  for (const char* body : {"{}", R"({"events":{}})", "[]", "<html>"}) {
    Answer(200, body);
    EXPECT_THAT(ListOffers(*api_, kType, {}, clock_), StatusIs(absl::StatusCode::kInternal, _))
        << body;
    EXPECT_THAT(IsOpen(*api_, kType, "p", "1"), StatusIs(absl::StatusCode::kInternal, _));
  }
}

TEST_F(EventsTest, AnOfferThatIsVeryDeepHidesNoOther) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  Answer(200, R"({"events":[{"id":"1","source":"s","type":"t","data":{"d":)" + deep +
                  R"(}},{"id":"2","source":"s","type":"t","data":{}}],"totalCount":2})");

  const auto offers = ListOffers(*api_, kType, {}, clock_);

  ASSERT_THAT(offers, IsOk());
  EXPECT_THAT(offers->events, SizeIs(2));
}

TEST_F(EventsTest, TheTimeIsTheServers) {
  Answer(200, R"({"events":[]})");
  const auto offers = ListOffers(*api_, kType, {}, clock_);
  ASSERT_THAT(offers, IsOk());
  EXPECT_GT(offers->now, clock_.TimeNow()) << "the server's clock is a real one, ours is not";

  testing::RawServer dateless([](testing::RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"events\":[]}");
  });
  Settings settings;
  settings.urls.control_plane = dateless.Url("");
  EXPECT_EQ(ListOffers(*Api::Create(settings, clock_), kType, {}, clock_)->now, clock_.TimeNow());
}

TEST_F(EventsTest, WildcardsCannotBeListed) {
  for (const char* type : {"sh.keptn.event.*.triggered", "sh.keptn.>", ""}) {
    EXPECT_THAT(ListOffers(*api_, type, {}, clock_),
                StatusIs(absl::StatusCode::kInvalidArgument, _));
  }
  EXPECT_TRUE(keptn_.requests().empty());
}

TEST_F(EventsTest, AProjectThatIsGoneIsNotFound) {
  Answer(404, R"({"code":404,"message":"project not found"})");
  EXPECT_THAT(ListOffers(*api_, kType, {{"x"}, {}, {}}, clock_),
              StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_FALSE(*IsOpen(*api_, kType, "x", "1"));
}

TEST_F(EventsTest, IsOpenLooksForTheId) {
  Answer(200, R"({"events":[{"id":"1"},{"id":"2"}],"totalCount":2})");

  EXPECT_TRUE(*IsOpen(*api_, kType, "shop", "2"));
  EXPECT_FALSE(*IsOpen(*api_, kType, "shop", "3"));
  EXPECT_THAT(keptn_.lines()[0], HasSubstr("&project=shop&eventID=2"));
}

TEST_F(EventsTest, IsOpenIsNeverGuessed) {
  for (const int status : {401, 429, 500, 502}) {
    Answer(status, "");
    EXPECT_FALSE(IsOpen(*api_, kType, "shop", "2").ok()) << status;
  }
}

// ---- Answers. ----

cloudevents::Event Finished() {
  auto event = cloudevents::FromStructuredJson(R"({"specversion":"1.0","id":"aa02",
      "source":"jobexec","type":"sh.keptn.event.load-test.finished","time":"2024-03-01T10:07:12Z",
      "datacontenttype":"application/json","shkeptncontext":"c0ffee00","triggeredid":"7b1c",
      "gitcommitid":"9f1e","shkeptnspecversion":"0.2.4",
      "data":{"project":"shop","stage":"qa","service":"cart","status":"succeeded","result":"pass"}})");
  return *std::move(event);
}

TEST_F(EventsTest, PostsAnEventInKeptnsForm) {
  Answer(200, R"({"keptnContext":"c0ffee00"})");

  EXPECT_THAT(PostEvent(*api_, Finished()), IsOk());

  ASSERT_THAT(keptn_.lines(), ElementsAre("POST /api/v1/event"));
  const http::Request request = keptn_.requests()[0];
  EXPECT_EQ(http::FindHeader(request.headers, "Content-Type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(request.body), nlohmann::json::parse(R"({"specversion":"1.0",
      "id":"aa02","source":"jobexec","type":"sh.keptn.event.load-test.finished",
      "time":"2024-03-01T10:07:12Z","datacontenttype":"application/json",
      "shkeptncontext":"c0ffee00","triggeredid":"7b1c","gitcommitid":"9f1e",
      "shkeptnspecversion":"0.2.4","data":{"project":"shop","stage":"qa","service":"cart",
      "status":"succeeded","result":"pass"}})"));
}

TEST_F(EventsTest, LeavesOutWhatIsEmpty) {
  Answer(200, "{}");
  cloudevents::Event event = Finished();
  event.mutable_attributes()->erase("gitcommitid");
  event.mutable_attributes()->erase("shkeptncontext");

  EXPECT_THAT(PostEvent(*api_, event), IsOk());

  const auto body = nlohmann::json::parse(keptn_.requests()[0].body);
  EXPECT_FALSE(body.contains("gitcommitid"));
  EXPECT_FALSE(body.contains("shkeptncontext"));
}

TEST_F(EventsTest, NeverSendsWhatBreaksKeptn) {
  std::vector<cloudevents::Event> bad(4, Finished());
  bad[0].clear_source();
  bad[1].clear_type();
  bad[2].set_text_data("[1]");
  bad[3].set_binary_data("\xFF");
  for (const cloudevents::Event& event : bad) {
    const absl::Status status = PostEvent(*api_, event);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, _));
    EXPECT_EQ(GetReason(status), "NOT_SENT");
  }
  EXPECT_TRUE(keptn_.requests().empty());
}

TEST_F(EventsTest, TellsWhetherAnAnswerMayHaveBeenTaken) {
  struct Case {
    int status;
    const char* reason;
  };
  const Case cases[] = {{400, "NOT_SENT"}, {401, "NOT_SENT"}, {429, "NOT_SENT"},
                        {408, ""},         {500, ""},         {504, ""}};
  for (const Case& c : cases) {
    Answer(c.status, "");
    EXPECT_EQ(GetReason(PostEvent(*api_, Finished())), c.reason) << c.status;
  }
}

// ---- What is counted. ----

const AnswerQuery kQuery = {.project = "shop",
                            .stage = "dev",
                            .keptn_context = "c0ffee00",
                            .triggered_id = "7b1c",
                            .type = "sh.keptn.event.load-test.started",
                            .source = "jobexec"};

std::string Executions(const std::string& state, const std::string& task) {
  return R"({"pageSize":1,"totalCount":1,"sequenceExecutions":[{"_id":"x","status":{"state":"other",
      "previousTasks":[],"currentTask":{"name":"y","triggeredID":"other","events":null}}},
      {"_id":"z","status":{"state":")" +
         state + R"(","previousTasks":[],"currentTask":)" + task + "}}]}";
}

TEST_F(EventsTest, TheControllerKnowsWhatIsCounted) {
  struct Case {
    const char* state;
    const char* task;
    Counted counted;
  };
  const Case cases[] = {
      {"started", R"({"triggeredID":"7b1c","events":[]})", Counted::kAbsent},
      {"started", R"({"triggeredID":"7b1c","events":null})", Counted::kAbsent},
      {"started", R"({"triggeredID":"7b1c"})", Counted::kAbsent},
      {"paused", R"({"triggeredID":"7b1c","events":[]})", Counted::kAbsent},
      {"started",
       R"({"triggeredID":"7b1c","events":[
           {"eventType":"sh.keptn.event.load-test.started","source":"jobexec"}]})",
       Counted::kStored},
      {"started",
       R"({"triggeredID":"7b1c","events":[
           {"eventType":"sh.keptn.event.load-test.started","source":"another"}]})",
       Counted::kAbsent},
      {"started",
       R"({"triggeredID":"7b1c","events":[
           {"eventType":"sh.keptn.event.load-test.finished","source":"jobexec"}]})",
       Counted::kAbsent},
      {"started", R"({"triggeredID":"next","events":[]})", Counted::kMoot},
      {"started", "{}", Counted::kMoot},
      {"started", "null", Counted::kMoot},
      {"finished", R"({"triggeredID":"7b1c","events":[]})", Counted::kMoot},
      {"aborted", R"({"triggeredID":"7b1c","events":[]})", Counted::kMoot},
      {"timedOut", R"({"triggeredID":"7b1c","events":[]})", Counted::kMoot},
      {"aborted",
       R"({"triggeredID":"7b1c","events":[
           {"eventType":"sh.keptn.event.load-test.started","source":"jobexec"}]})",
       Counted::kStored},
  };
  for (const Case& c : cases) {
    Answer(200, Executions(c.state, c.task));
    const auto counted = AskController(*api_, kQuery);
    ASSERT_THAT(counted, IsOk());
    EXPECT_EQ(*counted, c.counted) << c.state << c.task;
  }
  EXPECT_EQ(keptn_.lines()[0],
            "GET /api/controlPlane/v1/sequence-execution?pageSize=1000&project=shop"
            "&keptnContext=c0ffee00");
}

TEST_F(EventsTest, TheListMayBeNullOrSpeltAsInTheSource) {
  Answer(200, R"({"totalCount":0,"sequenceExecutions":null})");
  EXPECT_EQ(*AskController(*api_, kQuery), Counted::kMoot);
  Answer(200, R"({"SequenceExecutions":[{"status":{"currentTask":{"triggeredID":"7b1c"}}}]})");
  EXPECT_EQ(*AskController(*api_, kQuery), Counted::kAbsent);
}

TEST_F(EventsTest, AnAnswerOfAnotherFormIsNeverMoot) {
  for (const char* body : {"{}", R"({"sequenceExecutions":"x"})", "[]"}) {
    Answer(200, body);
    EXPECT_THAT(AskController(*api_, kQuery), StatusIs(absl::StatusCode::kInternal, _)) << body;
  }
}

TEST_F(EventsTest, AnOlderControllerCannotBeAsked) {
  Answer(404, "404 page not found");
  EXPECT_THAT(AskController(*api_, kQuery), StatusIs(absl::StatusCode::kUnimplemented, _));
  Answer(404, R"({"code":404,"message":"project not found"})");
  EXPECT_THAT(AskController(*api_, kQuery), StatusIs(absl::StatusCode::kNotFound, _));
}

TEST_F(EventsTest, TheDatastoreIsAskedForOurAnswer) {
  Answer(200, R"({"events":[{"id":"x","triggeredid":"other"},{"id":"y","triggeredid":"7b1c"}]})");
  EXPECT_TRUE(*AskDatastore(*api_, kQuery));
  Answer(200, R"({"events":[{"id":"x","triggeredid":"other"},{"id":"y"}]})");
  EXPECT_FALSE(*AskDatastore(*api_, kQuery));
  Answer(200, R"({"events":null,"totalCount":0})");
  EXPECT_FALSE(*AskDatastore(*api_, kQuery));
  Answer(502, "");
  EXPECT_FALSE(AskDatastore(*api_, kQuery).ok());

  EXPECT_EQ(keptn_.lines()[0],
            "GET /api/mongodb-datastore/event?pageSize=100&project=shop&stage=dev"
            "&keptnContext=c0ffee00&type=sh.keptn.event.load-test.started&source=jobexec");
}

}  // namespace
}  // namespace jobexec::keptn
