#include "cli/event_file.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::cli {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EventFile, ACompleteEventIsTakenAsItIs) {
  const auto file = ReadEventFile(
      R"({"specversion":"1.0","id":"1","source":"s","type":"sh.keptn.event.test.triggered",)"
      R"("shkeptncontext":"c","data":{"project":"p","stage":"s","service":"v"}})",
      "", {});

  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->notes, IsEmpty());
  EXPECT_EQ(file->event.id(), "1");
  EXPECT_EQ(cloudevents::Attribute(file->event, "shkeptncontext"), "c");
}

TEST(EventFile, WhatIsMissingIsCompletedAndSaid) {
  const auto file = ReadEventFile(R"({"type":"sh.keptn.event.test.triggered","data":{"stage":""}})",
                                  "", {.project = "shop"});

  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->notes,
              ElementsAre("specversion is missing; taking \"1.0\"",
                          HasSubstr("id is missing; taking \"11111111-"),
                          HasSubstr("source is missing; taking \"jobexec\""),
                          HasSubstr("shkeptncontext is missing; taking \"22222222-"),
                          "data.project is missing; taking \"shop\" of --default-project",
                          HasSubstr("data.stage is missing; add it or pass --default-stage"),
                          HasSubstr("data.service is missing; add it")));
  EXPECT_THAT(cloudevents::Validate(file->event), IsOk());
}

TEST(EventFile, TheTypeOfASequenceNeedsThatOfATask) {
  constexpr char kEvent[] =
      R"({"specversion":"1.0","id":"1","source":"s","type":"sh.keptn.event.dev.hello.triggered",)"
      R"("shkeptncontext":"c","data":{"project":"p","stage":"s","service":"v"}})";

  const auto as_is = ReadEventFile(kEvent, "", {});
  const auto replaced = ReadEventFile(kEvent, "sh.keptn.event.hello.triggered", {});

  ASSERT_THAT(as_is, IsOk());
  EXPECT_THAT(as_is->notes, ElementsAre(HasSubstr("is no task event")));
  ASSERT_THAT(replaced, IsOk());
  EXPECT_EQ(replaced->event.type(), "sh.keptn.event.hello.triggered");
  EXPECT_THAT(replaced->notes, IsEmpty());
}

TEST(EventFile, SaysWhatIsNoEvent) {
  const std::pair<const char*, const char*> kCases[] = {
      {"{", "line 1"},
      {"[]", "expected an object"},
      {"{}", "type is missing"},
      {R"({"type":1})", "\"type\""},
  };
  for (const auto& [text, fault] : kCases) {
    EXPECT_THAT(ReadEventFile(text, "", {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(fault)))
        << text;
  }
}

}  // namespace
}  // namespace jobexec::cli
