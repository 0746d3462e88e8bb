#include "common/keptn/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::IsEmpty;

TEST(SubjectMatches, Table) {
  struct Case {
    const char* pattern;
    const char* type;
    bool matches;
  };
  const Case cases[] = {
      {"sh.keptn.event.test.triggered", "sh.keptn.event.test.triggered", true},
      {"sh.keptn.event.test.triggered", "sh.keptn.event.Test.triggered", false},
      {"sh.keptn.event.test.triggered", "sh.keptn.event.test", false},
      {"sh.keptn.event.test", "sh.keptn.event.test.triggered", false},
      {"sh.keptn.event.*.triggered", "sh.keptn.event.test.triggered", true},
      {"sh.keptn.event.*.triggered", "sh.keptn.event.dev.test.triggered", false},
      {"sh.keptn.event.*.*.finished", "sh.keptn.event.dev.test.finished", true},
      {"sh.keptn.>", "sh.keptn.event.test.triggered", true},
      {"sh.keptn.>", "sh.keptn.log", true},
      {"sh.keptn.>", "sh.keptn", false},
      {"sh.*.>", "sh.keptn.event.x", true},
      {">", "a", true},
      {"*", "a", true},
      {"*", "a.b", false},
      {"sh.>.x", "sh.a.x", false},
      {"sh.te*", "sh.test", false},
      {"sh.*", "sh.", false},
      {"sh.>", "sh.", false},
      {"", "", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(SubjectMatches(c.pattern, c.type), c.matches) << c.pattern << " " << c.type;
  }
}

TEST(Matches, EachListThatIsNotEmptyMustHoldTheValue) {
  struct Case {
    SubscriptionFilter filter;
    bool matches;
  };
  const Case cases[] = {
      {{}, true},
      {{{"shop"}, {}, {}}, true},
      {{{"other", "shop"}, {"qa", "dev"}, {"cart"}}, true},
      {{{"Shop"}, {}, {}}, false},
      {{{"shop"}, {"qa"}, {}}, false},
      {{{"shop"}, {"dev"}, {"cart2"}}, false},
      {{{""}, {}, {}}, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Matches({"", "a.b", c.filter}, "a.b", {"shop", "dev", "cart"}), c.matches);
  }
  EXPECT_FALSE(Matches({"", "a.c", {}}, "a.b", {}));
}

TEST(FindMatch, OverlappingSubscriptionsGiveTheFirst) {
  const std::vector<Subscription> subscriptions = {
      {"1", "a.x", {}}, {"2", "a.*", {{"shop"}, {}, {}}}, {"3", "a.b", {}}};

  EXPECT_EQ(FindMatch(subscriptions, "a.b", {"shop", "", ""})->id, "2");
  EXPECT_EQ(FindMatch(subscriptions, "a.b", {"other", "", ""})->id, "3");
  EXPECT_EQ(FindMatch(subscriptions, "b", {"shop", "", ""}), nullptr);
}

TEST(SubscriptionsFromJson, IsLenient) {
  const auto list = SubscriptionsFromJson(nlohmann::json::parse(R"([
      {"id":"1","event":"a.b","filter":{"projects":["p"],"stages":null,"services":["s","t",7]}},
      {"id":"2","event":"a.c","filter":null,"new":{}},
      {"id":"3","event":"a.d"},
      {"id":"4","event":""},
      {"id":"5"}, 7, null])"));

  ASSERT_THAT(list, IsOk());
  EXPECT_THAT(*list,
              ::testing::ElementsAre(Subscription{"1", "a.b", {{"p"}, {}, {"s", "t"}}},
                                     Subscription{"2", "a.c", {}}, Subscription{"3", "a.d", {}}));
  EXPECT_THAT(*SubscriptionsFromJson(nlohmann::json()), IsEmpty());
  EXPECT_THAT(SubscriptionsFromJson(nlohmann::json::object()),
              StatusIs(absl::StatusCode::kInternal, _));
}

TEST(SubscriptionsToJson, WritesEveryListAndComesBack) {
  const std::vector<Subscription> subscriptions = {{"1", "a.b", {{"p"}, {}, {"s", "t"}}},
                                                   {"2", "a.c", {}}};
  const nlohmann::json list = SubscriptionsToJson(subscriptions);

  EXPECT_EQ(list[1].dump(),
            R"({"event":"a.c","filter":{"projects":[],"services":[],"stages":[]},"id":"2"})");
  EXPECT_EQ(list[0]["filter"]["services"].dump(), R"(["s","t"])");
  EXPECT_EQ(*SubscriptionsFromJson(list), subscriptions);
  EXPECT_EQ(SubscriptionsToJson({}).dump(), "[]");
}

}  // namespace
}  // namespace jobexec::keptn
