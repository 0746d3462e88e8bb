#include "scheduler/config_source.h"

#include <gtest/gtest.h>

#include "common/base/status_details.h"
#include "common/resources/directory_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

const resources::Scope kScope = {"shop", "dev", "cart"};
constexpr char kPath[] = "shop/dev/cart/job/config.yaml";

TEST(ConfigSource, ParsesEachContentOnce) {
  testing::TempDirectory directory;
  directory.Write(kPath, "apiVersion: v2\nactions: [{name: A}]");
  const auto store = resources::MakeDirectoryStore(directory.path());
  ConfigSource source(*store);

  const auto first = source.Locate(kScope, "");
  const auto second = source.Locate(kScope, "");

  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(source.parsed(), 1);
}

TEST(ConfigSource, SeesAChangeAtOnceAndKeepsTheOldContent) {
  testing::TempDirectory directory;
  const auto store = resources::MakeDirectoryStore(directory.path());
  ConfigSource source(*store);
  for (const char* name : {"A", "B", "A"}) {
    directory.Write(kPath, std::string("apiVersion: v2\nactions: [{name: ") + name + "}]");
    EXPECT_EQ((*source.Locate(kScope, ""))->config().actions[0].name, name);
  }
  EXPECT_EQ(source.parsed(), 2);
}

TEST(ConfigSource, TellsMissingFromBadFromUnreachable) {
  testing::TempDirectory directory;
  const auto store = resources::MakeDirectoryStore(directory.path());
  ConfigSource source(*store);

  const auto missing = source.Locate(kScope, "");
  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kNotFound, HasSubstr("job/config.yaml")));
  EXPECT_EQ(GetReason(missing.status()), "CONFIG_NOT_FOUND");

  directory.Write(kPath, "apiVersion: v2\nfoo: 1\nbar: 2");
  const auto bad = source.Locate(kScope, "");
  EXPECT_THAT(bad, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("job/config.yaml:2:")));
  EXPECT_THAT(bad, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("job/config.yaml:3:")));
  EXPECT_EQ(GetReason(bad.status()), "CONFIG_INVALID");

  const auto away = resources::MakeDirectoryStore("/nonexistent");
  EXPECT_THAT(ConfigSource(*away).Locate(kScope, ""), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST(ConfigSource, CountsExpressionsThatDoNotCompileOncePerContent) {
  testing::TempDirectory directory;
  directory.Write(kPath,
                  "apiVersion: v2\nactions: [{events: [{name: '('}, {jsonpath: {property: x}}]}]");
  const auto store = resources::MakeDirectoryStore(directory.path());
  prometheus::Counter bad;
  ConfigSource source(*store, &bad);

  EXPECT_TRUE(source.Locate(kScope, "").ok());
  EXPECT_TRUE(source.Locate(kScope, "").ok());

  EXPECT_EQ(bad.Value(), 2);
}

TEST(ConfigSource, ForgetsTheLeastRecentlyUsed) {
  testing::TempDirectory directory;
  const auto store = resources::MakeDirectoryStore(directory.path());
  ConfigSource source(*store);
  const auto locate = [&](int i) {
    directory.Write(kPath, "apiVersion: v2\nactions: [{name: A" + std::to_string(i) + "}]");
    ASSERT_TRUE(source.Locate(kScope, "").ok());
  };
  for (int i = 0; i < 257; ++i) locate(i);
  EXPECT_EQ(source.parsed(), 257);
  locate(256);
  EXPECT_EQ(source.parsed(), 257);
  locate(0);
  EXPECT_EQ(source.parsed(), 258);
}

}  // namespace
}  // namespace jobexec::scheduler
