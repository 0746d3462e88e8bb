#include "common/cloudevents/http_binding.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace jobexec::cloudevents {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kStructured[] = R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})";

http::Request Post(http::Headers headers, std::string body) {
  return {.method = "POST", .target = "/", .headers = std::move(headers), .body = std::move(body)};
}

http::Headers BinaryHeaders(const http::Headers& more = {}) {
  http::Headers headers = {
      {"ce-specversion", "1.0"}, {"Ce-Id", "1"}, {"CE-SOURCE", "/s"}, {"ce-type", "t"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

absl::StatusOr<Event> Single(const http::Request& request) {
  auto events = EventsFromHttp(request);
  if (!events.ok()) return events.status();
  EXPECT_THAT(*events, SizeIs(1));
  return events->front();
}

TEST(HttpBinding, BinaryAttributes) {
  const auto event = Single(Post(BinaryHeaders({{"Ce-Subject", "a%20%E2%82%AC"},
                                                {"ce-shkeptncontext", "\"quoted ctx\""},
                                                {"ce-time", "2018-04-05T03:56:24Z"},
                                                {"Content-Type", "text/plain; charset=utf-8"},
                                                {"X-Other", "ignored"}}),
                                 "hello"));

  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->id(), "1");
  EXPECT_EQ(event->source(), "/s");
  EXPECT_EQ(event->type(), "t");
  EXPECT_EQ(event->spec_version(), "1.0");
  EXPECT_EQ(Attribute(*event, "subject"), "a \xE2\x82\xAC");
  EXPECT_EQ(Attribute(*event, "shkeptncontext"), "quoted ctx");
  EXPECT_EQ(Attribute(*event, "time"), "2018-04-05T03:56:24Z");
  EXPECT_EQ(Attribute(*event, "datacontenttype"), "text/plain; charset=utf-8");
  EXPECT_EQ(event->attributes_size(), 4);
}

struct BodyCase {
  const char* content_type;  // nullptr: no header
  std::string body;
  char kind;  // 't'ext, 'b'inary, 'n'one
};

TEST(HttpBinding, BinaryBodies) {
  const BodyCase cases[] = {
      {"application/json", "{ \"a\" : 1.0 }\n", 't'},
      {"application/json; charset=utf-8", "[1]", 't'},
      {"application/vnd.x+json", "1e2", 't'},
      {"application/json", "", 'n'},
      {nullptr, "{\"a\":1}", 't'},
      {nullptr, "not json", 'b'},
      {nullptr, "", 'n'},
      {"text/plain",
       "Gr\xC3\xBC\xC3\x9F"
       "e",
       't'},
      {"text/plain", "\xFF", 'b'},
      {"text/plain; charset=iso-8859-1", "abc", 'b'},
      {"application/xml", "<a/>", 'b'},
      {"application/x-www-form-urlencoded", "{}", 'b'},
      {"application/octet-stream", std::string("\0\1", 2), 'b'},
  };
  for (const BodyCase& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.content_type == nullptr ? "-" : c.content_type, " ", c.body));
    http::Headers headers = BinaryHeaders();
    if (c.content_type != nullptr) headers.emplace_back("content-type", c.content_type);

    const auto event = Single(Post(headers, c.body));

    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->has_text_data(), c.kind == 't');
    EXPECT_EQ(event->has_binary_data(), c.kind == 'b');
    EXPECT_EQ(c.kind == 't' ? event->text_data() : event->binary_data(), c.body);
    EXPECT_EQ(event->attributes().count("datacontenttype"), c.content_type == nullptr ? 0 : 1);
  }
}

TEST(HttpBinding, StructuredModes) {
  for (const char* type :
       {"application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8",
        "application/json", "application/json; charset=utf-8"}) {
    SCOPED_TRACE(type);

    const auto event = Single(Post({{"Content-Type", type}}, kStructured));

    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->id(), "1");
    EXPECT_EQ(event->attributes_size(), 0);
  }
}

TEST(HttpBinding, ContentTypeWinsOverHeadersInStructuredMode) {
  http::Headers headers = BinaryHeaders({{"Content-Type", "application/cloudevents+json"}});
  headers[1].second = "from the header";

  EXPECT_EQ(Single(Post(headers, kStructured))->id(), "1");
}

std::string BatchOf(size_t count) {
  nlohmann::json batch = nlohmann::json::array();
  for (size_t i = 0; i < count; ++i) {
    batch.push_back(nlohmann::json::parse(kStructured));
    batch.back()["id"] = std::to_string(i);
  }
  return batch.dump();
}

TEST(HttpBinding, BatchKeepsOrder) {
  const http::Headers headers = {{"content-type", "application/cloudevents-batch+json"}};
  for (const size_t count : {size_t{0}, size_t{1}, size_t{3}, kMaxBatchEvents}) {
    const http::Request request = Post(headers, BatchOf(count));

    const auto events = EventsFromHttp(request);

    ASSERT_TRUE(events.ok()) << events.status();
    EXPECT_TRUE(IsBatch(request));
    ASSERT_THAT(*events, SizeIs(count));
    for (size_t i = 0; i < count; ++i) EXPECT_EQ((*events)[i].id(), std::to_string(i));
  }
}

TEST(HttpBinding, OnlyTheBatchTypeIsABatch) {
  EXPECT_FALSE(IsBatch(Post({{"content-type", "application/cloudevents+json"}}, "[]")));
  EXPECT_FALSE(IsBatch(Post({}, "[]")));
  EXPECT_TRUE(IsBatch(Post({{"Content-Type", "Application/CloudEvents-Batch+JSON;a=b"}}, "")));
}

struct BadCase {
  const char* name;
  http::Headers headers;
  std::string body;
  absl::StatusCode code;
  const char* fault;
  const char* advice;
};

TEST(HttpBinding, NamesTheFault) {
  using absl::StatusCode;
  const http::Headers json = {{"Content-Type", "application/cloudevents+json"}};
  const http::Headers batch = {{"Content-Type", "application/cloudevents-batch+json"}};
  const std::string bad = R"({"specversion":"1.0","id":"1","source":"/s"})";
  const BadCase cases[] = {
      {"nothing", {}, "", StatusCode::kUnimplemented, "Content-Type is missing", "ce-id"},
      {"plain text",
       {{"Content-Type", "text/plain"}},
       "x",
       StatusCode::kUnimplemented,
       "Content-Type is \"text/plain\"",
       "application/cloudevents+json"},
      {"bytes",
       {{"Content-Type", "a/\xFF"}},
       "x",
       StatusCode::kUnimplemented,
       "Content-Type is \"a/\\xff\"",
       ""},
      {"xml format",
       {{"Content-Type", "application/cloudevents+xml"}},
       "x",
       StatusCode::kUnimplemented,
       "application/cloudevents+xml",
       "application/cloudevents+json"},
      {"xml format with headers", BinaryHeaders({{"Content-Type", "application/cloudevents+xml"}}),
       "x", StatusCode::kUnimplemented, "application/cloudevents+xml", ""},
      {"missing type", json, bad, StatusCode::kInvalidArgument, "attribute type is missing", ""},
      {"not json", json, "{\"id\":", StatusCode::kInvalidArgument, "body: ", "line 1"},
      {"empty", json, "", StatusCode::kInvalidArgument, "body: ", ""},
      {"list as one event", json, "[]", StatusCode::kInvalidArgument, "expected an object", ""},
      {"no ce-id",
       {{"ce-type", "t"}, {"ce-source", "s"}, {"ce-specversion", "1.0"}},
       "",
       StatusCode::kInvalidArgument,
       "attribute id is missing",
       ""},
      {"version", {{"ce-specversion", "0.3"}}, "", StatusCode::kInvalidArgument, "\"0.3\"", "1.0"},
      {"bad time", BinaryHeaders({{"ce-time", "noon"}}), "", StatusCode::kInvalidArgument,
       "time is \"noon\"", "RFC 3339"},
      {"broken json data", BinaryHeaders({{"Content-Type", "application/json"}}), "{oops",
       StatusCode::kInvalidArgument, "body: Content-Type is \"application/json\", but: ", "line 1"},
      {"twice", BinaryHeaders({{"ce-id", "2"}}), "", StatusCode::kInvalidArgument,
       "header ce-id is given twice", ""},
      {"bad name", BinaryHeaders({{"ce-my_ext", "2"}}), "", StatusCode::kInvalidArgument,
       "header ce-my_ext", "letters and digits"},
      {"no name", BinaryHeaders({{"ce-", "2"}}), "", StatusCode::kInvalidArgument,
       "header ce-:", ""},
      {"data in a header", BinaryHeaders({{"ce-data", "2"}}), "", StatusCode::kInvalidArgument,
       "header ce-data", ""},
      {"datacontenttype", BinaryHeaders({{"ce-datacontenttype", "a/b"}}), "",
       StatusCode::kInvalidArgument, "header ce-datacontenttype", "as Content-Type instead"},
      {"not utf-8", BinaryHeaders({{"ce-subject", "%C0%A0"}}), "", StatusCode::kInvalidArgument,
       "header ce-subject", "UTF-8"},
      {"control character", BinaryHeaders({{"ce-subject", "a%0Ab"}}), "",
       StatusCode::kInvalidArgument, "attribute subject", "control characters"},
      {"batch of one faulty", batch, absl::StrCat("[", kStructured, ",", bad, "]"),
       StatusCode::kInvalidArgument, "event 1: attribute type is missing", ""},
      {"batch of wrong elements", batch, absl::StrCat("[7,", kStructured, "]"),
       StatusCode::kInvalidArgument, "event 0: the event is a JSON number", ""},
      {"batch that is no list", batch, kStructured, StatusCode::kInvalidArgument,
       "expected a list of events", ""},
      {"batch that is no json", batch, "[", StatusCode::kInvalidArgument, "body: ", ""},
      {"batch too long", batch, BatchOf(kMaxBatchEvents + 1), StatusCode::kResourceExhausted,
       "1001 events", "split it"},
  };
  for (const BadCase& c : cases) {
    SCOPED_TRACE(c.name);

    EXPECT_THAT(EventsFromHttp(Post(c.headers, c.body)),
                StatusIs(c.code, AllOf(HasSubstr(c.fault), HasSubstr(c.advice))));
  }
}

TEST(HttpBinding, WhatIsSentReadsBackTheSame) {
  Event event = *FromStructuredJson(kStructured);
  SetAttribute(event, "datacontenttype", "application/json");
  SetAttribute(event, "shkeptncontext", "c \xE2\x82\xAC");
  event.set_text_data(R"({"a":[1,2.5,"x"]})");

  const http::Request request = ToHttp(event, "http://sink.example/events");

  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "http://sink.example/events");
  const auto again = Single(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ToStructuredJson(*again), ToStructuredJson(event));
  EXPECT_EQ(again->text_data(), event.text_data());
}

}  // namespace
}  // namespace jobexec::cloudevents
