#include "tests/support/keptn/event_type.h"

#include <gtest/gtest.h>

namespace jobexec::test_keptn {
namespace {

TEST(ParseEventType, FivePartsAreATask) {
  const auto type = ParseEventType("sh.keptn.event.deploy.started");
  ASSERT_TRUE(type.has_value());
  EXPECT_TRUE(type->is_task());
  EXPECT_EQ(type->name, "deploy");
  EXPECT_EQ(type->kind, "started");
}

TEST(ParseEventType, SixPartsAreASequence) {
  const auto type = ParseEventType("sh.keptn.event.dev.delivery.triggered");
  ASSERT_TRUE(type.has_value());
  EXPECT_FALSE(type->is_task());
  EXPECT_EQ(type->stage, "dev");
  EXPECT_EQ(type->name, "delivery");
  EXPECT_EQ(type->kind, "triggered");
}

TEST(ParseEventType, AStatusChangeLooksLikeASequence) {
  EXPECT_EQ(ParseEventType("sh.keptn.event.deploy.status.changed")->kind, "changed");
}

TEST(ParseEventType, OthersAreNoTypes) {
  for (const char* text : {"", "sh.keptn.log.error", "sh.keptn.event..started",
                           "sh.keptn.event.a.b.c.triggered", "sh.keptn.event.deploy."}) {
    EXPECT_FALSE(ParseEventType(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace jobexec::test_keptn
