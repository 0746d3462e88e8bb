#include "intake/delivery.h"

#include <gtest/gtest.h>

namespace jobexec::intake {
namespace {

TEST(IsOldByItsTime, MoreThanAMinuteAgo) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);  // 2023-11-14T22:13:20Z
  struct Case {
    const char* time;
    bool old;
  };
  const Case cases[] = {
      {"", false},
      {"2023-11-14T22:13:20Z", false},
      {"2023-11-14T22:12:20Z", false},
      {"2023-11-14T22:12:19.999Z", true},
      {"2019-01-01T00:00:00Z", true},
      {"2030-01-01T00:00:00Z", false},
      {"yesterday", false},
  };
  for (const Case& c : cases) {
    cloudevents::Event event;
    if (*c.time != '\0') cloudevents::SetAttribute(event, "time", c.time);
    EXPECT_EQ(IsOldByItsTime(event, now), c.old) << c.time;
  }
}

}  // namespace
}  // namespace jobexec::intake
