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

// A mounted ConfigMap is made of links; one may also have been made by hand.
TEST(DirectoryStore, ListsThroughLinksAndTellsWhatIsWrongWithOthers) {
  testing::TempDirectory directory;
  directory.Write("outside/secret", "s");
  directory.Write("root/shop/tf/..data/main.tf", "main");
  directory.Write("root/shop/tf/..data/modules/a.tf", "a");
  const std::string folder = directory.path() + "/root/shop/tf";
  std::filesystem::create_symlink("..data/main.tf", folder + "/main.tf");
  std::filesystem::create_symlink("..data/modules", folder + "/modules");
  const auto store = MakeDirectoryStore(directory.path() + "/root");

  EXPECT_THAT(*store->List(kScope, Level::kProject, "tf", ""),
              ElementsAre("tf/main.tf", "tf/modules/a.tf"));
  EXPECT_EQ(*store->Read(kScope, Level::kProject, "tf/modules/a.tf", ""), "a");

  std::filesystem::create_symlink("nowhere", folder + "/nowhere");
  std::filesystem::create_symlink(directory.path() + "/outside", folder + "/out");
  EXPECT_THAT(*store->List(kScope, Level::kProject, "tf", ""),
              ElementsAre("tf/main.tf", "tf/modules/a.tf", "tf/nowhere", "tf/out"));
  EXPECT_THAT(store->Read(kScope, Level::kProject, "tf/out", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("link out of the store")));
  EXPECT_THAT(store->Read(kScope, Level::kProject, "tf/out/secret", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("link out of the store")));
}

TEST(DirectoryStore, LinksInACircleEnd) {
  testing::TempDirectory directory;
  directory.Write("shop/tf/main.tf", "");
  std::filesystem::create_directory_symlink(".", directory.path() + "/shop/tf/a");
  std::filesystem::create_directory_symlink(".", directory.path() + "/shop/tf/b");

  EXPECT_THAT(MakeDirectoryStore(directory.path())->List(kScope, Level::kProject, "tf", ""),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("levels")));
}

// On the one level it is a file, on the other a directory: the closest one that fits is taken.
TEST(DirectoryStore, WhatIsBelowAFileIsNotThere) {
  testing::TempDirectory directory;
  directory.Write("shop/dev/cart/helm", "a file");
  directory.Write("shop/dev/helm/x", "");
  const auto store = MakeDirectoryStore(directory.path());

  EXPECT_THAT(store->Read(kScope, Level::kService, "helm/x", ""),
              StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(store->List(kScope, Level::kService, "helm/x", ""),
              StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(store->Read(kScope, Level::kStage, "helm", ""),
              StatusIs(absl::StatusCode::kNotFound, _));
}

TEST(DirectoryStore, AMissingRootIsAnOutageAndNeverNotFound) {
  const auto store = MakeDirectoryStore("/nonexistent/store");

  EXPECT_THAT(store->Read(kScope, Level::kProject, "a", ""),
              StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_THAT(store->CheckReady(), StatusIs(absl::StatusCode::kUnavailable, _));
}

}  // namespace
}  // namespace jobexec::resources
