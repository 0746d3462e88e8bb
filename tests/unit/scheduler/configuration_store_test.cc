#include "scheduler/configuration_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "common/base/clock.h"
#include "tests/support/manual_clock.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"
#include "tests/unit/common/keptn/scripted_keptn.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::JsonAnswer;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::ScriptedKeptn;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

const resources::Scope kScope = {"shop", "dev", "cart"};
constexpr absl::Duration kPatience = absl::Seconds(30);

ConfigurationStoreSettings Load(const config::Environment& environment, std::string* faults) {
  config::SettingsReader reader(environment);
  auto settings = LoadConfigurationStoreSettings(reader);
  *faults = std::string(reader.Finish().message());
  return settings;
}

TEST(ConfigurationStoreSettings, WantAFolderOrAKeptn) {
  std::string faults;
  Load({}, &faults);
  EXPECT_THAT(faults, AllOf(HasSubstr("RESOURCE_DIRECTORY"), HasSubstr("KEPTN_API_ENDPOINT")));
  Load({{"RESOURCE_DIRECTORY", ""}}, &faults);
  EXPECT_THAT(faults, HasSubstr("one of them must be set"));

  Load({{"RESOURCE_DIRECTORY", "/x"}}, &faults);
  EXPECT_EQ(faults, "");
  Load({{"KEPTN_API_ENDPOINT", ""}}, &faults);
  EXPECT_EQ(faults, "");
  Load({{"RESOURCE_DIRECTORY", "/x"}, {"KEPTN_API_ENDPOINT", "https://k/api"}}, &faults);
  EXPECT_EQ(faults, "");
}

TEST(ConfigurationStoreSettings, ReadTheCache) {
  std::string faults;
  const auto defaults = Load({{"KEPTN_API_ENDPOINT", ""}}, &faults);
  EXPECT_EQ(defaults.cache.max_bytes, 64 * 1024 * 1024);
  EXPECT_EQ(defaults.cache.newest_age, absl::Seconds(5));

  const auto set = Load({{"KEPTN_API_ENDPOINT", ""},
                         {"RESOURCE_CACHE_BYTES", "1000"},
                         {"RESOURCE_CACHE_NEWEST_AGE", "0s"}},
                        &faults);
  EXPECT_EQ(set.cache.max_bytes, 1000);
  EXPECT_EQ(set.cache.newest_age, absl::ZeroDuration());
}

TEST(ConfigurationStore, AFolderWinsOverKeptn) {
  ScriptedKeptn keptn([](const http::Request&) { return JsonAnswer(200, "{}"); });
  testing::TempDirectory directory;
  directory.Write("shop/dev/cart/f", "file");
  prometheus::Registry registry;
  ConfigurationStore files({.directory = directory.path(), .keptn = keptn.RemoteSettings()},
                           RealClock(), registry);

  EXPECT_EQ(*files.store().Read(kScope, resources::Level::kService, "f", ""), "file");
  EXPECT_THAT(files.store().CheckReady(), IsOk());
  EXPECT_TRUE(keptn.requests().empty());
}

TEST(ConfigurationStore, FollowsKeptnsStateWithoutAnyEvent) {
  std::atomic<int> status = 401;
  ScriptedKeptn keptn([&status](const http::Request&) {
    return JsonAnswer(status, R"({"code":404,"message":"Project not found"})");
  });
  testing::ManualClock clock;  // asks all the time
  prometheus::Registry registry;
  ConfigurationStore files({.keptn = keptn.RemoteSettings()}, clock, registry);
  const auto ready = [&files] { return files.store().CheckReady(); };

  EXPECT_TRUE(PollUntil([&] { return absl::IsUnauthenticated(ready()); }, kPatience));
  status = 404;
  EXPECT_TRUE(PollUntil([&] { return ready().ok(); }, kPatience));
  status = 503;
  EXPECT_TRUE(PollUntil([&] { return absl::IsUnavailable(ready()); }, kPatience));
  EXPECT_THAT(ready(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("503")));
  status = 404;
  EXPECT_TRUE(PollUntil([&] { return ready().ok(); }, kPatience));
}

}  // namespace
}  // namespace jobexec::scheduler
