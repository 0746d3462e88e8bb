#include "common/cloudevents/event.h"

#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace jobexec::cloudevents {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

Event SmallEvent() {
  Event event;
  event.set_id("1");
  event.set_source("/test");
  event.set_type("dev.test");
  event.set_spec_version("1.0");
  return event;
}

TEST(Attribute, ReadsEveryTypeAsText) {
  Event event = SmallEvent();
  auto& attributes = *event.mutable_attributes();
  attributes["yes"].set_ce_boolean(true);
  attributes["no"].set_ce_boolean(false);
  attributes["number"].set_ce_integer(-7);
  attributes["text"].set_ce_string("hello");
  attributes["bytes"].set_ce_bytes(std::string("\0\xFF", 2));
  attributes["uri"].set_ce_uri("https://example.com");
  attributes["ref"].set_ce_uri_ref("/x");
  attributes["time"].mutable_ce_timestamp()->set_seconds(1522900584);
  attributes["time"].mutable_ce_timestamp()->set_nanos(120'000'000);
  attributes["unset"];
  const std::pair<const char*, const char*> expected[] = {
      {"id", "1"},          {"source", "/test"},
      {"type", "dev.test"}, {"specversion", "1.0"},
      {"yes", "true"},      {"no", "false"},
      {"number", "-7"},     {"text", "hello"},
      {"bytes", "AP8="},    {"uri", "https://example.com"},
      {"ref", "/x"},        {"time", "2018-04-05T03:56:24.12Z"},
      {"unset", ""},        {"absent", ""},
  };

  for (const auto& [name, text] : expected) EXPECT_EQ(Attribute(event, name), text) << name;
}

TEST(SetAttribute, SetsFieldsAndExtensions) {
  Event event;

  for (const char* name : {"id", "source", "type", "specversion", "subject", "shkeptncontext"}) {
    SetAttribute(event, name, absl::StrCat("value of ", name));
  }

  EXPECT_EQ(event.id(), "value of id");
  EXPECT_EQ(event.source(), "value of source");
  EXPECT_EQ(event.type(), "value of type");
  EXPECT_EQ(event.spec_version(), "value of specversion");
  EXPECT_EQ(event.attributes().at("subject").ce_string(), "value of subject");
  EXPECT_EQ(event.attributes_size(), 2);
}

TEST(EventTime, Table) {
  const std::pair<const char*, std::optional<int64_t>> cases[] = {
      {"2018-04-05T03:56:24Z", 1522900584},
      {"2018-04-05T05:56:24+02:00", 1522900584},
      {"2018-04-05T03:56:24.999999999Z", 1522900584},
      {"2018-04-05", std::nullopt},
      {"2018-04-05T03:56:24", std::nullopt},
      {"infinite-future", std::nullopt},
      {" 2018-04-05T03:56:24Z", std::nullopt},
      {"yesterday", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [text, seconds] : cases) {
    SCOPED_TRACE(text);
    Event event = SmallEvent();
    SetAttribute(event, "time", text);

    const std::optional<absl::Time> time = EventTime(event);

    ASSERT_EQ(time.has_value(), seconds.has_value());
    if (time) {
      EXPECT_EQ(absl::ToUnixSeconds(*time), *seconds);
    }
    EXPECT_EQ(Validate(event).ok(), seconds.has_value());
  }
  EXPECT_FALSE(EventTime(SmallEvent()).has_value());
}

TEST(Validate, TakesGoodEvents) {
  Event event = SmallEvent();
  EXPECT_THAT(Validate(event), IsOk());

  SetAttribute(event, "gitcommitid", "");
  SetAttribute(event, "subject",
               "Gr\xC3\xBC\xC3\x9F"
               "e \xF0\x9F\x98\x80");
  SetAttribute(event, "contenttype", "application/json");
  SetAttribute(event, "x64", std::string(kMaxAttributeBytes, 'x'));
  SetAttribute(event, std::string(kMaxAttributeNameBytes, 'n'), "longest name");
  event.set_binary_data(std::string("\0", 1));
  EXPECT_THAT(Validate(event), IsOk());
}

struct BadCase {
  const char* name;
  std::function<void(Event&)> break_it;
  const char* fault;
  const char* advice;
};

TEST(Validate, NamesTheFault) {
  const auto set = [](const char* name, const std::string& value) {
    return [name, value](Event& event) { SetAttribute(event, name, value); };
  };
  const BadCase cases[] = {
      {"no id", set("id", ""), "attribute id is missing", "every event needs one"},
      {"no source", set("source", ""), "attribute source is missing", ""},
      {"no type", set("type", ""), "attribute type is missing", ""},
      {"no specversion", set("specversion", ""), "attribute specversion is missing", ""},
      {"old version", set("specversion", "0.3"), "specversion is \"0.3\"", "expected \"1.0\""},
      {"long id", set("id", std::string(4097, 'x')), "attribute id has 4097 bytes", "4096"},
      {"long extension", set("ext", std::string(4097, 'x')), "attribute ext has 4097 bytes", ""},
      {"newline", set("type", "a\nb"), "attribute type is \"a\\nb\"", "control characters"},
      {"C1 control", set("ext", "\xC2\x85"), "attribute ext is", "control characters"},
      {"delete", set("source", "\x7F"), "attribute source is", "control characters"},
      {"not UTF-8", set("id", "\xFF"), "attribute id is \"\\xff\"", "UTF-8"},
      {"long value shown short", set("ext", std::string(100, 'a') + "\n"),
       "attribute ext is \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"",
       ""},
      {"time", set("time", "noon"), "time is \"noon\"", "RFC 3339 such as"},
      {"upper case", set("Ext", "x"), "name \"Ext\"", "lower-case"},
      {"underscore", set("data_base64", "x"), "name \"data_base64\"", "lower-case"},
      {"empty name", set("", "x"), "name \"\"", "1 to 64"},
      {"long name", set("n2345678901234567890123456789012345678901234567890123456789012345", "x"),
       "attribute name", "1 to 64"},
      {"reserved", set("data", "x"), "name \"data\"", "specification's own"},
      {"second id", [](Event& event) { (*event.mutable_attributes())["id"].set_ce_string("2"); },
       "name \"id\"", "specification's own"},
      {"protobuf", [](Event& event) { event.mutable_proto_data(); }, "protobuf message", "JSON"},
  };
  for (const BadCase& c : cases) {
    SCOPED_TRACE(c.name);
    Event event = SmallEvent();
    c.break_it(event);

    EXPECT_THAT(Validate(event), StatusIs(absl::StatusCode::kInvalidArgument,
                                          AllOf(HasSubstr(c.fault), HasSubstr(c.advice))));
  }
}

TEST(Validate, LimitsTheNumberOfAttributes) {
  Event event = SmallEvent();
  for (int i = 0; i < kMaxAttributes; ++i) SetAttribute(event, absl::StrCat("a", i), "x");
  EXPECT_THAT(Validate(event), IsOk());

  SetAttribute(event, "onemore", "x");

  EXPECT_THAT(Validate(event),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("65 optional attributes")));
}

}  // namespace
}  // namespace jobexec::cloudevents
