#include "common/resources/lookup.h"

#include <gtest/gtest.h>

#include <map>

#include "common/resources/directory_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::resources {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const Scope kScope = {"shop", "dev", "cart"};

std::map<std::string, std::string> Files(Store& store, absl::string_view entry) {
  std::map<std::string, std::string> files;
  EXPECT_THAT(ReadEntry(store, kScope, entry, "",
                        [&files](const std::string& path, const std::string& content) {
                          files[path] = content;
                          return absl::OkStatus();
                        }),
              IsOk());
  return files;
}

TEST(ReadClosest, ServiceBeatsStageBeatsProject) {
  testing::TempDirectory directory;
  const auto store = MakeDirectoryStore(directory.path());

  EXPECT_THAT(ReadClosest(*store, kScope, "f", ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("stage dev")));
  directory.Write("shop/f", "project");
  EXPECT_EQ(ReadClosest(*store, kScope, "f", "")->content, "project");
  directory.Write("shop/dev/f", "stage");
  EXPECT_EQ(ReadClosest(*store, kScope, "f", "")->content, "stage");
  directory.Write("shop/dev/cart/f", "service");
  EXPECT_EQ(ReadClosest(*store, kScope, "f", "")->level, Level::kService);
}

TEST(ReadEntry, MergesADirectoryOverTheLevels) {
  testing::TempDirectory directory;
  directory.Write("shop/tf/main.tf", "project");
  directory.Write("shop/tf/vars.tf", "project");
  directory.Write("shop/dev/tf/vars.tf", "stage");
  directory.Write("shop/dev/cart/tf/mod/x.tf", "service");
  const auto store = MakeDirectoryStore(directory.path());

  for (const char* entry : {"tf", "/tf", "tf/"}) {
    EXPECT_THAT(Files(*store, entry),
                UnorderedElementsAre(Pair("tf/main.tf", "project"), Pair("tf/vars.tf", "stage"),
                                     Pair("tf/mod/x.tf", "service")))
        << entry;
  }
}

TEST(ReadEntry, AFileIsTakenAsItIsAndNamesTheMissing) {
  testing::TempDirectory directory;
  directory.Write("shop/dev/cart/locust/basic.py", "x");
  const auto store = MakeDirectoryStore(directory.path());
  const auto ignore = [](const std::string&, const std::string&) { return absl::OkStatus(); };

  EXPECT_THAT(Files(*store, "locust/basic.py"), UnorderedElementsAre(Pair("locust/basic.py", "x")));
  EXPECT_THAT(ReadEntry(*store, kScope, "nope", "", ignore),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"nope\"")));
  EXPECT_THAT(ReadEntry(*store, kScope, "locust/basic.py/", "", ignore),
              StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(ReadEntry(*store, kScope, "../x", "", ignore),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST(CheckEntry, Table) {
  for (const char* entry : {"a", "/a", "a/", "/a/b.c/", "...", "a b"}) {
    EXPECT_THAT(CheckEntry(entry), IsOk()) << entry;
  }
  for (const char* entry :
       {"", "/", "//", "//a", "a//", "a//b", "..", "../a", "/..", "a/../b", "."}) {
    EXPECT_THAT(CheckEntry(entry), StatusIs(absl::StatusCode::kInvalidArgument, _)) << entry;
  }
}

TEST(ReadEntry, ADirectoryDoesNotTakeItsNeighbours) {
  testing::TempDirectory directory;
  directory.Write("shop/dev/cart/helm/values.yaml", "x");
  directory.Write("shop/dev/cart/helm-abc/values.yaml", "x");
  directory.Write("shop/dev/cart/helmDEFG", "x");
  const auto store = MakeDirectoryStore(directory.path());

  EXPECT_THAT(Files(*store, "helm"), UnorderedElementsAre(Pair("helm/values.yaml", "x")));
}

// Lists one more file than it has on service level.
class AheadStore final : public Store {
 public:
  explicit AheadStore(Store& store) : store_(store) {}
  absl::StatusOr<std::string> Read(const Scope& scope, Level level, absl::string_view path,
                                   absl::string_view commit) override {
    return store_.Read(scope, level, path, commit);
  }
  absl::StatusOr<std::vector<std::string>> List(const Scope& scope, Level level,
                                                absl::string_view path,
                                                absl::string_view commit) override {
    if (level == Level::kService) return std::vector<std::string>{"d/f", "d/new"};
    return store_.List(scope, level, path, commit);
  }
  absl::Status CheckReady() const override { return absl::OkStatus(); }

 private:
  Store& store_;
};

TEST(ReadEntry, WhatIsListedButNotThereIsLeftToTheNextLevel) {
  testing::TempDirectory directory;
  const auto files = MakeDirectoryStore(directory.path());
  AheadStore store(*files);

  EXPECT_THAT(ReadEntry(store, kScope, "d/", "",
                        [](const std::string&, const std::string&) { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"d/\"")));
  directory.Write("shop/dev/d/f", "stage");
  EXPECT_THAT(Files(store, "d/"), UnorderedElementsAre(Pair("d/f", "stage")));
}

TEST(ReadEntry, AnOutageIsNeverReadAsNotFound) {
  const auto store = MakeDirectoryStore("/nonexistent/store");

  EXPECT_THAT(ReadClosest(*store, kScope, "f", ""), StatusIs(absl::StatusCode::kUnavailable, _));
}

}  // namespace
}  // namespace jobexec::resources
