#include "tests/support/keptn/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json/json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace jobexec::test_keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

Json Integration(const std::string& name, const std::string& name_space,
                 const std::string& hostname) {
  return {{"name", name},
          {"metadata",
           {{"hostname", hostname},
            {"integrationversion", "1"},
            {"kubernetesmetadata", {{"namespace", name_space}}}}},
          {"subscriptions",
           {{{"id", ""}, {"event", "sh.keptn.event.a.triggered"}, {"filter", nullptr}}}}};
}

class RegistryTest : public ::testing::Test {
 protected:
  Json Ping(const std::string& id) {
    const auto pinged = registry_.Ping(id);
    EXPECT_THAT(pinged, IsOk());
    return pinged.ok() ? *pinged : Json();
  }

  testing::FakeClock clock_;
  EventLog log_{clock_};
  Registry registry_{absl::Minutes(1), clock_, log_};
};

TEST_F(RegistryTest, TheIdIsAHashOfNameNamespaceAndHostname) {
  const auto registered = registry_.Register(Integration("my-service", "keptn", "node-1"));

  ASSERT_THAT(registered, IsOk());
  EXPECT_EQ(registered->id, "88de5cd4774422f6ebed5f0f94bc1bbcd94b6266");
  EXPECT_TRUE(registered->created);
  const Json record = Ping(registered->id);
  EXPECT_EQ(record["name"], "my-service");
  ASSERT_THAT(record["subscriptions"], SizeIs(1));
  EXPECT_THAT(json::GetString(record["subscriptions"][0], "id"), SizeIs(36));
  EXPECT_TRUE(record["subscriptions"][0]["filter"]["projects"].is_null());
}

TEST_F(RegistryTest, AKnownRecordKeepsItsIdAndSubscriptions) {
  const auto first = registry_.Register(Integration("my-service", "keptn", "node-1"));
  Json moved = Integration("my-service", "keptn", "node-2");
  moved["subscriptions"][0]["event"] = "sh.keptn.event.b.triggered";
  moved["metadata"]["integrationversion"] = "2";

  const auto again = registry_.Register(moved);

  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->id, first->id);
  const Json record = Ping(first->id);
  EXPECT_EQ(record["subscriptions"][0]["event"], "sh.keptn.event.a.triggered");
  EXPECT_EQ(record["metadata"]["integrationversion"], "2");
  EXPECT_EQ(record["metadata"]["hostname"], "node-1");
}

TEST_F(RegistryTest, AKnownRecordWithoutSubscriptionsTakesThemWithTheirIds) {
  Json bare = Integration("my-service", "keptn", "node-1");
  bare["subscriptions"] = nullptr;
  const std::string id = registry_.Register(bare)->id;
  EXPECT_TRUE(Ping(id)["subscriptions"].is_null());
  Json full = Integration("my-service", "keptn", "node-1");
  full["subscriptions"][0]["id"] = "mine";

  ASSERT_THAT(registry_.Register(full), IsOk());

  EXPECT_EQ(Ping(id)["subscriptions"][0]["id"], "mine");
}

TEST_F(RegistryTest, ANewRecordNeedsAllPartsOfItsId) {
  for (const Json& integration :
       {Integration("", "keptn", "n"), Integration("a", "", "n"), Integration("a", "keptn", "")}) {
    EXPECT_THAT(registry_.Register(integration), StatusIs(absl::StatusCode::kInvalidArgument, _));
  }
  EXPECT_THAT(registry_.Register(Json("text")), StatusIs(absl::StatusCode::kInvalidArgument, _));
  Json strange = Integration("a", "b", "c");
  strange["subscriptions"] = "none";
  EXPECT_THAT(registry_.Register(strange), StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST_F(RegistryTest, AnUnrenewedRecordExpires) {
  const std::string id = registry_.Register(Integration("a", "b", "c"))->id;
  clock_.Advance(absl::Seconds(50));
  Ping(id);
  clock_.Advance(absl::Seconds(50));
  Ping(id);
  clock_.Advance(absl::Seconds(61));

  EXPECT_THAT(registry_.Ping(id), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(registry_.List("", ""), IsEmpty());
}

TEST_F(RegistryTest, SubscriptionsComeAndGo) {
  const std::string id = registry_.Register(Integration("a", "b", "c"))->id;
  const auto added = registry_.PutSubscription(
      id, "", {{"event", "sh.keptn.event.b.triggered"}, {"filter", {{"projects", {"shop"}}}}});
  ASSERT_THAT(added, IsOk());
  EXPECT_THAT(Ping(id)["subscriptions"], SizeIs(2));
  EXPECT_EQ((*registry_.Subscription(id, *added))["filter"]["projects"][0], "shop");

  ASSERT_THAT(registry_.PutSubscription(id, *added, {{"event", "sh.keptn.event.c.triggered"}}),
              IsOk());
  EXPECT_EQ((*registry_.Subscriptions(id))[1]["event"], "sh.keptn.event.c.triggered");

  EXPECT_THAT(registry_.DeleteSubscription(id, *added), IsOk());
  EXPECT_THAT(Ping(id)["subscriptions"], SizeIs(1));
  EXPECT_THAT(registry_.PutSubscription("unknown", "", {{"event", "x"}}),
              StatusIs(absl::StatusCode::kNotFound, _));
}

}  // namespace
}  // namespace jobexec::test_keptn
