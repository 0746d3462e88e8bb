#include "scheduler/event_input.h"

#include <gmock/gmock.h>

#include "common/base/status_details.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Optional;

cloudevents::Event MakeEvent(const std::string& type, const std::string& data) {
  cloudevents::Event event;
  event.set_id("1");
  event.set_source("s");
  event.set_spec_version("1.0");
  event.set_type(type);
  event.set_text_data(data);
  return event;
}

TEST(EventInput, DefaultScopeFillsInWhatTheDataDoesNotName) {
  const auto input = ReadEventInput(MakeEvent("t", R"({"stage":"dev"})"), {"p", "s", "v"});

  ASSERT_THAT(input, IsOk());
  EXPECT_EQ(input->facts.project, "p");
  EXPECT_EQ(input->facts.stage, "dev");
  EXPECT_EQ(input->facts.service, "v");
  EXPECT_EQ(input->document["data"].dump(), R"({"stage":"dev"})");
}

TEST(EventInput, BadEventsCarryTheirReason) {
  for (const char* data : {"{", R"({"project":1})"}) {
    SCOPED_TRACE(data);
    EXPECT_EQ(GetReason(ReadEventInput(MakeEvent("t", data), {}).status()), "EVENT_INVALID");
  }
  EXPECT_EQ(GetReason(ReadEventInput(MakeEvent("", "{}"), {}).status()), "EVENT_INVALID");
}

TEST(EventInput, SaysWhyAnEventIsIgnored) {
  runs::EventFacts facts = {.type = "sh.keptn.event.dev.hello.triggered"};
  EXPECT_THAT(ReasonToIgnore(facts), Optional(HasSubstr("is not a task event")));

  facts.type = "sh.keptn.event.hello.triggered";
  facts.project = "p";
  facts.stage = "s";
  EXPECT_THAT(ReasonToIgnore(facts), Optional(HasSubstr("no project, stage or service")));

  facts.service = "v";
  EXPECT_THAT(ReasonToIgnore(facts), Eq(std::nullopt));
}

}  // namespace
}  // namespace jobexec::scheduler
