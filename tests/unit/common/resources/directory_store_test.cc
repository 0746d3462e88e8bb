#include "common/resources/directory_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::resources {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Scope kScope = {"shop", "dev", "cart"};

TEST(DirectoryStore, ReadsExactlyTheLevelAskedFor) {
  testing::TempDirectory directory;
  directory.Write("shop/a", "project");
  directory.Write("shop/dev/a", "stage");
  directory.Write("shop/dev/cart/b", "service");
  const auto store = MakeDirectoryStore(directory.path());

  EXPECT_EQ(*store->Read(kScope, Level::kProject, "a", ""), "project");
  EXPECT_EQ(*store->Read(kScope, Level::kStage, "a", "ignored"), "stage");
  EXPECT_EQ(*store->Read(kScope, Level::kService, "b", ""), "service");
  EXPECT_THAT(store->Read(kScope, Level::kService, "a", ""),
              StatusIs(absl::StatusCode::kNotFound, _));
}

TEST(DirectoryStore, ListsBelowADirectoryWithoutMountLinksAndGit) {
  testing::TempDirectory directory;
  directory.Write("shop/dev/cart/helm/values.yaml", "");
  directory.Write("shop/dev/cart/helm/templates/a.yaml", "");
  directory.Write("shop/dev/cart/helm/..data/a.yaml", "");
  directory.Write("shop/dev/cart/helm/.git/config", "");
  directory.Write("shop/dev/cart/helm-other/x", "");
  const auto store = MakeDirectoryStore(directory.path());

  EXPECT_THAT(*store->List(kScope, Level::kService, "helm", ""),
              ElementsAre("helm/templates/a.yaml", "helm/values.yaml"));
  EXPECT_THAT(store->List(kScope, Level::kStage, "helm", ""),
              StatusIs(absl::StatusCode::kNotFound, _));
}

TEST(DirectoryStore, RefusesWhatWouldLeaveTheStore) {
  testing::TempDirectory directory;
  directory.Write("secret", "s");
  directory.Write("root/shop/x", "");
  std::filesystem::create_symlink(directory.path() + "/secret",
                                  directory.path() + "/root/shop/out");
  const auto store = MakeDirectoryStore(directory.path() + "/root");

  for (const char* path : {"../secret", "/etc/passwd", "a/../../x", "./x", "", "a//b"}) {
    EXPECT_THAT(store->Read(kScope, Level::kProject, path, ""),
                StatusIs(absl::StatusCode::kInvalidArgument, _))
        << path;
  }
  EXPECT_THAT(store->Read(kScope, Level::kProject, "out", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("link out of the store")));
  EXPECT_THAT(store->Read({"..", "dev", "cart"}, Level::kProject, "x", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST(DirectoryStore, AMissingRootIsAnOutageAndNeverNotFound) {
  const auto store = MakeDirectoryStore("/nonexistent/store");

  EXPECT_THAT(store->Read(kScope, Level::kProject, "a", ""),
              StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_THAT(store->CheckReady(), StatusIs(absl::StatusCode::kUnavailable, _));
}

}  // namespace
}  // namespace jobexec::resources
