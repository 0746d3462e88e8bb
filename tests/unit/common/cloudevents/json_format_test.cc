#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/cloudevents/event.h"
#include "tests/support/status_matchers.h"

namespace jobexec::cloudevents {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr char kHead[] = R"("specversion":"1.0","id":"1","source":"/s","type":"t")";

// A structured event with further members.
std::string Structured(const std::string& members) {
  return std::string("{") + kHead + (members.empty() ? "" : "," + members) + "}";
}

Event Parsed(const std::string& members) {
  absl::StatusOr<Event> event = FromStructuredJson(Structured(members));
  EXPECT_TRUE(event.ok()) << event.status();
  return event.ok() ? *event : Event();
}

struct DataCase {
  const char* members;
  std::optional<std::string> text;    // expected text_data
  std::optional<std::string> binary;  // expected binary_data
  const char* document;               // the document beyond the head
  const char* again;                  // written again, beyond the head; nullptr: as `members`
};

TEST(JsonFormat, DataTable) {
  const std::optional<std::string> none;
  const std::string bytes("\0\xFF", 2);
  const DataCase cases[] = {
      {"", none, none, "{}", nullptr},
      {R"("data":{"b":1,"a":[1.5,true,null,"x"]})", R"({"a":[1.5,true,null,"x"],"b":1})", none,
       R"({"data":{"a":[1.5,true,null,"x"],"b":1}})", nullptr},
      {R"("data": [ 1 , 2 ])", "[1,2]", none, R"({"data":[1,2]})", nullptr},
      {R"("data":"text")", R"("text")", none, R"({"data":"text"})", nullptr},
      {R"("data":9007199254740993)", "9007199254740993", none, R"({"data":9007199254740993})",
       nullptr},
      {R"("data":null)", none, none, "{}", ""},
      {R"("data":null,"data_base64":"AP8=")", none, bytes, R"({"data_base64":"AP8="})",
       R"("data_base64":"AP8=")"},
      {R"("datacontenttype":"application/json","data":"text")", R"("text")", none,
       R"({"datacontenttype":"application/json","data":"text"})", nullptr},
      {R"("datacontenttype":"text/xml","data":"<a/>")", "<a/>", none,
       R"({"datacontenttype":"text/xml","data":"<a/>"})", nullptr},
      {R"("datacontenttype":"text/plain","data":{"a":1})", R"({"a":1})", none,
       R"({"datacontenttype":"text/plain","data":"{\"a\":1}"})",
       R"("datacontenttype":"text/plain","data":"{\"a\":1}")"},
      {R"("datacontenttype":"image/png","data_base64":"AP8=")", none, bytes,
       R"({"datacontenttype":"image/png","data_base64":"AP8="})", nullptr},
      {R"("datacontenttype":"application/json","data_base64":"eyJhIjoxfQ==")", none, R"({"a":1})",
       R"({"datacontenttype":"application/json","data":{"a":1}})",
       R"("datacontenttype":"application/json","data":{"a":1})"},
      {R"("data_base64":"eyJhIjoxfQ==")", none, R"({"a":1})", R"({"data_base64":"eyJhIjoxfQ=="})",
       nullptr},
      {R"("data_base64":"")", none, "", R"({"data_base64":""})", nullptr},
  };
  for (const DataCase& c : cases) {
    SCOPED_TRACE(c.members);
    const Json head = Json::parse(Structured(""));

    const Event event = Parsed(c.members);

    EXPECT_EQ(event.has_text_data(), c.text.has_value());
    EXPECT_EQ(event.text_data(), c.text.value_or(""));
    EXPECT_EQ(event.has_binary_data(), c.binary.has_value());
    EXPECT_EQ(event.binary_data(), c.binary.value_or(""));
    Json document = head;
    document.update(Json::parse(c.document));
    document.update(R"({"shkeptncontext":"","gitcommitid":""})"_json);
    EXPECT_EQ(*ToDocument(event), document);
    EXPECT_EQ(Json::parse(ToStructuredJson(event)),
              Json::parse(Structured(c.again == nullptr ? c.members : c.again)));
  }
}

TEST(JsonFormat, AttributesKeepTheirTypes) {
  const Event event =
      Parsed(R"("subject":"s","time":"2018-04-05T03:56:24+02:00","flag":true,"small":-2147483648,)"
             R"("large":2147483648,"real":1.5,"gitcommitid":"","shkeptncontext":"c")");

  const Json document = *ToDocument(event);

  EXPECT_EQ(document, Json::parse(Structured(
                          R"("subject":"s","time":"2018-04-05T03:56:24+02:00","flag":true,)"
                          R"("small":-2147483648,"large":"2147483648","real":"1.5",)"
                          R"("gitcommitid":"","shkeptncontext":"c")")));
  EXPECT_EQ(Json::parse(ToStructuredJson(event)), document);
  EXPECT_EQ(event.attributes().at("small").ce_integer(), -2147483648);
}

// What Keptn's own senders write: no datacontenttype, "contenttype", members that are no
// attributes.
TEST(JsonFormat, IsLenientWhereKeptnIs) {
  const Event event = Parsed(
      R"("contenttype":"application/json","shkeptnspecversion":"0.2.4","triggeredid":null,)"
      R"("extensions":{"a":1},"list":[1],"Upper":"x","snake_case":"x","data":{"project":"p"})");

  EXPECT_EQ(event.attributes_size(), 2);
  EXPECT_EQ(Attribute(event, "contenttype"), "application/json");
  EXPECT_EQ(Attribute(event, "shkeptnspecversion"), "0.2.4");
  EXPECT_EQ(ToDocument(event)->at("data").at("project"), "p");
}

TEST(JsonFormat, DocumentHasTheMembersThatFiltersExpect) {
  const Event empty;

  EXPECT_EQ(*ToDocument(empty),
            R"({"id":"","shkeptncontext":"","specversion":"","gitcommitid":""})"_json);
}

TEST(JsonFormat, WritesDataThatIsNoJsonAsBytes) {
  Event event = Parsed(R"("datacontenttype":"application/json")");
  event.set_text_data("{broken");

  EXPECT_THAT(ToDocument(event), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("data: ")));
  EXPECT_EQ(Json::parse(ToStructuredJson(event)).at("data_base64"), "e2Jyb2tlbg==");
}

TEST(JsonFormat, TimestampsOfOtherClientsAreText) {
  Event event = Parsed("");
  (*event.mutable_attributes())["time"].mutable_ce_timestamp()->set_seconds(1522900584);

  EXPECT_EQ(ToDocument(event)->at("time"), "2018-04-05T03:56:24Z");
}

struct BadCase {
  std::string text;
  const char* fault;
};

TEST(JsonFormat, NamesTheFault) {
  const BadCase cases[] = {
      {"", "body: "},
      {"{", "body: "},
      {"[]", "the event is a JSON array, expected an object"},
      {"\"x\"", "the event is a JSON string"},
      {"{\"id\":\"\xFF\"}", "body: "},
      {R"({"id":7})", "member \"id\" is a JSON number, expected a string"},
      {R"({"source":{}})", "member \"source\" is a JSON object"},
      {R"({"time":12})", "member \"time\" is a JSON number"},
      {R"({"datacontenttype":true})", "member \"datacontenttype\" is a JSON boolean"},
      {R"({"specversion":1.0})", "member \"specversion\" is a JSON number"},
      {R"({"data":1,"data_base64":"AA=="})", "both \"data\" and \"data_base64\""},
      {R"({"data_base64":5})", "member \"data_base64\" is a JSON number"},
      {R"({"data_base64":"***"})", "is not Base64"},
  };
  for (const BadCase& c : cases) {
    SCOPED_TRACE(c.text);

    EXPECT_THAT(FromStructuredJson(c.text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.fault)));
  }
}

TEST(JsonFormat, DataMayBeAsDeepInsideAnEventAsAlone) {
  const std::string deepest = std::string(64, '[') + std::string(64, ']');
  Event event;
  event.set_text_data(deepest);
  EXPECT_TRUE(ToDocument(event).ok());

  EXPECT_EQ(Parsed("\"data\":" + deepest).text_data(), deepest);
  EXPECT_THAT(FromStructuredJson(Structured("\"data\":[" + deepest + "]")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("body: ")));
}

}  // namespace
}  // namespace jobexec::cloudevents
