#include "intake/sequence_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;
using Json = nlohmann::json;

cloudevents::Event End(const Json& data) {
  cloudevents::Event event;
  event.set_type("sh.keptn.event.dev.delivery.finished");
  event.set_text_data(data.dump());
  cloudevents::SetAttribute(event, "shkeptncontext", "ctx");
  cloudevents::SetAttribute(event, "time", "2024-03-01T10:00:00.5Z");
  return event;
}

Json Data(const std::string& status, const std::string& result) {
  return {{"project", "shop"}, {"stage", "dev"},   {"service", "cart"},
          {"status", status},  {"result", result}, {"labels", {{"a", "b"}}}};
}

TEST(IsSequenceEnd, IsOneOfSixParts) {
  EXPECT_TRUE(IsSequenceEnd("sh.keptn.event.dev.delivery.finished"));
  for (const char* type :
       {"sh.keptn.event.deploy.finished", "sh.keptn.event.dev.delivery.triggered",
        "sh.keptn.event.deploy.status.changed", "sh.keptn.event.dev.delivery.finished.x",
        "sh.keptn.event..delivery.finished", "sh.keptn.event.dev..finished",
        "sh.keptn.log.dev.delivery.finished", "com.example.event.dev.delivery.finished", ""}) {
    EXPECT_FALSE(IsSequenceEnd(type)) << type;
  }
}

TEST(SequenceEnd, IsReadAsItIs) {
  const auto end = ReadSequenceEnd(End(Data("aborted", "pass")));

  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->sequence, "delivery");
  EXPECT_EQ(end->keptn_context, "ctx");
  EXPECT_EQ(end->scope.project, "shop");
  EXPECT_EQ(end->scope.stage, "dev");
  EXPECT_EQ(end->scope.service, "cart");
  EXPECT_EQ(end->time, absl::FromUnixMillis(1709287200500));
  EXPECT_EQ(end->status, "aborted");
}

TEST(SequenceEnd, OnlyEarlyOnesLeaveSomethingBehind) {
  struct Case {
    const char* status;
    const char* result;
    bool is_early;
    bool is_aborted;
  };
  for (const Case& c :
       {Case{"succeeded", "pass", false, false}, Case{"succeeded", "warning", false, false},
        Case{"succeeded", "fail", true, false}, Case{"errored", "fail", true, false},
        Case{"errored", "pass", true, false}, Case{"aborted", "pass", true, true},
        Case{"unknown", "pass", false, false}, Case{"", "", false, false}}) {
    const auto end = ReadSequenceEnd(End(Data(c.status, c.result)));
    ASSERT_THAT(end, IsOk());
    EXPECT_EQ(end->IsEarly(), c.is_early) << c.status << "/" << c.result;
    EXPECT_EQ(end->Aborted(), c.is_aborted) << c.status << "/" << c.result;
  }
}

TEST(SequenceEnd, NamesWhatIsMissing) {
  const auto error_of = [](const cloudevents::Event& event) {
    return ReadSequenceEnd(event).status();
  };
  for (const char* field : {"project", "stage", "service"}) {
    Json data = Data("aborted", "pass");
    data.erase(field);
    EXPECT_THAT(error_of(End(data)), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr(std::string("data.") + field)));
  }
  cloudevents::Event no_context = End(Data("aborted", "pass"));
  no_context.mutable_attributes()->erase("shkeptncontext");
  cloudevents::Event no_time = End(Data("aborted", "pass"));
  no_time.mutable_attributes()->erase("time");
  Json long_name = Data("aborted", "pass");
  long_name["stage"] = std::string(129, 'x');

  EXPECT_THAT(error_of(no_context),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("shkeptncontext")));
  EXPECT_THAT(error_of(no_time), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time")));
  EXPECT_THAT(error_of(End(long_name)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("129 bytes")));
  EXPECT_FALSE(error_of(End("text")).ok());
}

}  // namespace
}  // namespace jobexec::intake
