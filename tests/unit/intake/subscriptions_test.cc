#include "intake/subscriptions.h"

#include <gtest/gtest.h>

namespace jobexec::intake {
namespace {

TEST(Subscriptions, AreUnknownUntilSet) {
  Subscriptions subscriptions;
  EXPECT_FALSE(subscriptions.Get()->known);

  EXPECT_TRUE(subscriptions.Set("", {}));

  EXPECT_TRUE(subscriptions.Get()->known);
  EXPECT_FALSE(subscriptions.Set("", {}));
}

TEST(Subscriptions, ASnapshotStaysAsItIs) {
  Subscriptions subscriptions;
  subscriptions.Set("id", {{.event = "a.triggered"}});
  const auto before = subscriptions.Get();

  EXPECT_TRUE(subscriptions.Set("id", {{.event = "b.triggered"}}));
  EXPECT_TRUE(subscriptions.Set("other", {{.event = "b.triggered"}}));

  EXPECT_EQ(before->list[0].event, "a.triggered");
  EXPECT_EQ(before->integration_id, "id");
  EXPECT_EQ(subscriptions.Get()->list[0].event, "b.triggered");
  EXPECT_EQ(subscriptions.Get()->integration_id, "other");
}

TEST(ScopeOf, ReadsWhatIsThere) {
  const std::pair<const char*, keptn::EventScope> cases[] = {
      {R"({"project":"p","stage":"s","service":"v"})", {"p", "s", "v"}},
      {R"({"project":"p","stage":7})", {"p", "", ""}},
      {R"(["p"])", {}},
      {"no json", {}},
      {"", {}},
  };
  for (const auto& [data, expected] : cases) {
    cloudevents::Event event;
    event.set_text_data(data);
    const keptn::EventScope scope = ScopeOf(event);
    EXPECT_EQ(scope.project, expected.project) << data;
    EXPECT_EQ(scope.stage, expected.stage) << data;
    EXPECT_EQ(scope.service, expected.service) << data;
  }
}

}  // namespace
}  // namespace jobexec::intake
