#include "tests/support/keptn/resource_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::test_keptn {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::SizeIs;

const Place kService{.project = "shop", .stage = "dev", .service = "cart"};
const Place kStage{.project = "shop", .stage = "dev"};
const Place kProject{.project = "shop"};
constexpr char kFile[] = "job/config.yaml";

class ResourceHistoryTest : public ::testing::Test {
 protected:
  std::string TextAt(const Place& place, const std::string& path, const std::string& revision) {
    const auto content = history_.Read(place, path, revision);
    return content.ok() ? content->text : std::string(content.status().message());
  }

  ResourceHistory history_;
};

TEST_F(ResourceHistoryTest, ACommitKeepsWhatItHad) {
  const std::string first = history_.CommitFile(kService, kFile, "one");
  const std::string second = history_.CommitFile(kService, kFile, "two");

  EXPECT_THAT(first, SizeIs(40));
  EXPECT_EQ(TextAt(kService, kFile, first), "one");
  EXPECT_EQ(TextAt(kService, kFile, second), "two");
  EXPECT_EQ(TextAt(kService, kFile, first.substr(0, 8)), "one");
  EXPECT_EQ(TextAt(kService, kFile, "dev"), "two");
  EXPECT_EQ(TextAt(kService, kFile, ""), "two");
  EXPECT_EQ(history_.LatestCommit("shop", "dev"), second);
}

TEST_F(ResourceHistoryTest, AtAStagesCommitTheProjectLevelShowsTheStagesTree) {
  history_.CommitFile(kProject, kFile, "of the project");
  const std::string commit = history_.CommitFile(kStage, kFile, "of the stage");

  EXPECT_EQ(TextAt(kProject, kFile, ""), "of the project");
  EXPECT_EQ(TextAt(kProject, kFile, commit), "of the stage");
}

TEST_F(ResourceHistoryTest, OnlyAnUnpinnedReadPulls) {
  history_.CommitFile(kService, kFile, "old");
  const std::string pushed = history_.Commit(kService, {{kFile, "new"}}, /*upstream_only=*/true);

  EXPECT_THAT(history_.Read(kService, kFile, pushed),
              StatusIs(absl::StatusCode::kInternal, "Internal server error"));
  EXPECT_EQ(TextAt(kService, kFile, ""), "new");
  EXPECT_EQ(TextAt(kService, kFile, pushed), "new");
}

TEST_F(ResourceHistoryTest, WhatIsMissingHasItsOwnWords) {
  const std::string commit = history_.CommitFile(kService, kFile, "one");

  EXPECT_EQ(TextAt({.project = "other"}, kFile, ""), "Project not found");
  EXPECT_EQ(TextAt({.project = "shop", .stage = "prod"}, kFile, ""), "Stage not found");
  EXPECT_EQ(TextAt({.project = "shop", .stage = "dev", .service = "x"}, kFile, ""),
            "Service not found");
  EXPECT_EQ(TextAt(kService, "none", ""), "Resource not found");
  EXPECT_EQ(TextAt(kService, "none", commit), "Resource not found");
}

TEST_F(ResourceHistoryTest, ASecondSlashMattersOnlyWhenPinned) {
  const std::string commit = history_.CommitFile(kService, kFile, "one");

  EXPECT_EQ(TextAt(kService, "/job/config.yaml", ""), "one");
  EXPECT_EQ(TextAt(kService, "/job/config.yaml", commit), "Resource not found");
}

TEST_F(ResourceHistoryTest, AStageListsItsServicesToo) {
  history_.Commit(kService, {{kFile, "one"}, {".gitignore", "x"}});
  history_.CommitFile(kStage, "readme", "two");

  const auto stage = history_.List(kStage);
  const auto service = history_.List(kService);

  ASSERT_THAT(stage, IsOk());
  EXPECT_THAT(stage->paths, ElementsAre("/cart/job/config.yaml", "/cart/metadata.yaml", "/readme"));
  ASSERT_THAT(service, IsOk());
  EXPECT_THAT(service->paths, ElementsAre("/job/config.yaml", "/metadata.yaml"));
}

TEST_F(ResourceHistoryTest, StagesMayBeDirectories) {
  ResourceHistory directories(ResourceHistory::Layout::kDirectories);
  const std::string commit = directories.CommitFile(kService, kFile, "one");
  directories.CommitFile(kProject, kFile, "of the project");

  EXPECT_EQ(directories.Read(kService, kFile, commit)->text, "one");
  EXPECT_EQ(directories.Read(kProject, kFile, "")->text, "of the project");
  EXPECT_THAT(directories.List(kProject)->paths, ElementsAre("/job/config.yaml"));
  EXPECT_THAT(directories.Read({.project = "shop", .stage = "prod"}, kFile, ""),
              StatusIs(absl::StatusCode::kNotFound, "Stage not found"));
}

TEST_F(ResourceHistoryTest, ADeletedFileStaysInItsCommits) {
  const std::string commit = history_.CommitFile(kService, kFile, "one");
  history_.Commit(kService, {{kFile, std::nullopt}});

  EXPECT_EQ(TextAt(kService, kFile, ""), "Resource not found");
  EXPECT_EQ(TextAt(kService, kFile, commit), "one");
}

TEST_F(ResourceHistoryTest, TroubleIsToldApart) {
  history_.CommitFile(kService, kFile, "one");
  history_.SetTrouble("shop", ResourceHistory::Trouble::kNoUpstream);
  EXPECT_EQ(TextAt(kService, kFile, ""), "Upstream repository not found");
  history_.SetTrouble("shop", ResourceHistory::Trouble::kBadToken);
  EXPECT_THAT(history_.Read(kService, kFile, ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, "Invalid git token"));
  history_.SetTrouble("shop", ResourceHistory::Trouble::kNone);
  EXPECT_EQ(TextAt(kService, kFile, ""), "one");
}

TEST_F(ResourceHistoryTest, LoadsADirectoryOfBranches) {
  const testing::TempDirectory directory;
  directory.Write("shop/master/readme", "project");
  directory.Write("shop/dev/cart/job/config.yaml", "service");

  ASSERT_THAT(history_.Load(directory.path()), IsOk());

  EXPECT_EQ(TextAt(kProject, "readme", ""), "project");
  EXPECT_EQ(TextAt(kService, kFile, ""), "service");
  EXPECT_THAT(history_.Load("/no/such/place"),
              StatusIs(absl::StatusCode::kNotFound, ::testing::HasSubstr("/no/such/place")));
}

}  // namespace
}  // namespace jobexec::test_keptn
