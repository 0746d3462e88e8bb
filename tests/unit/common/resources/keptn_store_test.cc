// The store against a Keptn whose resource-service has commits, branches and a clone that may be
// behind.
#include "common/resources/keptn_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/json/json.h"
#include "common/resources/lookup.h"
#include "tests/support/keptn/keptn.h"
#include "tests/support/status_matchers.h"

namespace jobexec::resources {
namespace {

using ::jobexec::test_keptn::Fault;
using ::jobexec::test_keptn::Keptn;
using ::jobexec::test_keptn::Place;
using ::jobexec::test_keptn::ResourceHistory;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const Scope kScope = {"shop", "dev", "cart"};
const Place kProject = {"shop", "", ""};
const Place kStage = {"shop", "dev", ""};
const Place kService = {"shop", "dev", "cart"};

enum class Door { kGateway, kCluster };

// A Keptn, and a store that reads from it through one of its doors.
class KeptnStoreTest : public ::testing::TestWithParam<Door> {
 protected:
  KeptnStoreTest() : KeptnStoreTest(ResourceHistory::Layout::kBranches) {}
  explicit KeptnStoreTest(ResourceHistory::Layout layout) {
    auto keptn = Keptn::Start({.layout = layout});
    EXPECT_THAT(keptn, IsOk());
    keptn_ = *std::move(keptn);
    keptn_->resources().AddService("shop", "dev", "cart");
    keptn::Settings settings;
    settings.urls.resources = GetParam() == Door::kGateway
                                  ? keptn_->endpoint() + "/resource-service"
                                  : keptn_->service_url("resource-service");
    settings.token = keptn_->token();
    api_ = keptn::Api::Create(settings, RealClock());
    store_ = MakeKeptnStore(*api_);
  }

  ResourceHistory& history() { return keptn_->resources(); }
  absl::StatusOr<std::string> Read(Level level, absl::string_view path,
                                   absl::string_view commit = "") {
    return store_->Read(kScope, level, path, commit);
  }
  absl::StatusOr<std::vector<std::string>> List(Level level, absl::string_view path,
                                                absl::string_view commit = "") {
    return store_->List(kScope, level, path, commit);
  }
  // "uri@commit status" of what the resource-service was asked; "" is a list.
  std::vector<std::string> Asked() {
    std::vector<std::string> asked;
    for (const auto& entry : keptn_->log().Entries("resource")) {
      asked.push_back(absl::StrCat(json::GetString(entry, "uri"), "@",
                                   json::GetString(entry, "commit"), " ",
                                   json::GetInt(entry, "status", 0)));
    }
    return asked;
  }

  std::unique_ptr<Keptn> keptn_;
  std::unique_ptr<keptn::Api> api_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Doors, KeptnStoreTest, ::testing::Values(Door::kGateway, Door::kCluster),
                         [](const auto& test) {
                           return test.param == Door::kGateway ? "Gateway" : "Cluster";
                         });

TEST_P(KeptnStoreTest, ReadsEachLevel) {
  history().CommitFile(kProject, "f", "project");
  history().CommitFile(kStage, "f", "stage");
  history().CommitFile(kService, "f", "service");

  EXPECT_EQ(*Read(Level::kProject, "f"), "project");
  EXPECT_EQ(*Read(Level::kStage, "f"), "stage");
  EXPECT_EQ(*Read(Level::kService, "f"), "service");
}

TEST_P(KeptnStoreTest, ReadsNamesOfEveryKind) {
  for (const char* path :
       {"job/config.yaml", "a b/c d.txt", "a+b/100%.txt", "~/x~", "v1..v2/..x/x..",
        "\xC3\xA4/\xE2\x82\xAC", "q?a=b&c#d", "%2F%252F", "'\"<>", ".hidden/.x"}) {
    history().CommitFile(kService, path, absl::StrCat("content of ", path));
    const std::string commit = history().LatestCommit("shop", "dev");
    EXPECT_EQ(Read(Level::kService, path).value_or("(missing)"), absl::StrCat("content of ", path));
    EXPECT_EQ(Read(Level::kService, path, commit).value_or("(missing)"),
              absl::StrCat("content of ", path));
  }
}

TEST_P(KeptnStoreTest, ReadsEmptyAndBinaryFiles) {
  const std::string binary("\0\xFF\n\0", 4);
  history().CommitFile(kService, "empty", "");
  history().CommitFile(kService, "binary", binary);

  EXPECT_EQ(*Read(Level::kService, "empty"), "");
  EXPECT_EQ(*Read(Level::kService, "binary"), binary);
}

TEST_P(KeptnStoreTest, ReadsServiceAndStageAtTheEventsCommit) {
  history().CommitFile(kStage, "s", "old");
  const std::string commit = history().CommitFile(kService, "f", "old");
  history().CommitFile(kStage, "s", "new");
  history().CommitFile(kService, "f", "new");

  EXPECT_EQ(*Read(Level::kService, "f", commit), "old");
  EXPECT_EQ(*Read(Level::kStage, "s", commit), "old");
  EXPECT_EQ(*Read(Level::kService, "f"), "new");
  EXPECT_EQ(*Read(Level::kService, "f", commit.substr(0, 8)), "old") << "abbreviated";
  EXPECT_EQ(*Read(Level::kService, "f", "dev"), "new") << "a branch";
}

// The commit is of the stage's branch: at it Keptn would show the stage's tree.
TEST_P(KeptnStoreTest, ReadsTheProjectAsItIsNow) {
  history().CommitFile(kProject, "f", "project");
  const std::string commit = history().CommitFile(kStage, "f", "stage");

  EXPECT_EQ(*Read(Level::kProject, "f", commit), "project");
  EXPECT_EQ(store_->EffectiveCommit(Level::kProject, "f", commit), "");
  EXPECT_EQ(store_->EffectiveCommit(Level::kStage, "f", commit), commit);
  EXPECT_EQ(store_->EffectiveCommit(Level::kService, "f", commit), commit);
}

TEST_P(KeptnStoreTest, HelmChartsAreReadAsTheyAreNow) {
  history().CommitFile(kService, "helm/cart.tgz", "chart");

  EXPECT_EQ(*Read(Level::kService, "helm/cart.tgz", "0123456789"), "chart");
  EXPECT_EQ(store_->EffectiveCommit(Level::kService, "helm/cart.tgz", "c"), "");
  EXPECT_EQ(store_->EffectiveCommit(Level::kService, "helm/cart/values.yaml", "c"), "c");
  EXPECT_EQ(store_->EffectiveCommit(Level::kService, "x.tgz", "c"), "c");
}

TEST_P(KeptnStoreTest, ACommitTheServiceDoesNotKnowYetIsPulled) {
  const std::string commit = history().Commit(kService, {{"f", "pushed"}}, /*upstream_only=*/true);

  EXPECT_EQ(*Read(Level::kService, "f", commit), "pushed");
  EXPECT_THAT(Asked(),
              ElementsAre("f@" + commit + " 500", "metadata.yaml@ 200", "f@" + commit + " 200"));
}

TEST_P(KeptnStoreTest, AFileThatWasNotYetThereIsMissingAfterThePull) {
  history().CommitFile(kService, "later", "x");
  const std::string commit = history().Commit(kStage, {{"other", ""}}, /*upstream_only=*/true);
  history().Commit(kService, {{"later", std::nullopt}});

  EXPECT_EQ(*Read(Level::kService, "later", commit), "x");
  EXPECT_THAT(Read(Level::kService, "never", commit), StatusIs(absl::StatusCode::kNotFound, _));
}

// Never "not found": another replica may know it, and a level below must not win by it.
TEST_P(KeptnStoreTest, ACommitNobodyKnowsIsAnOutage) {
  history().CommitFile(kService, "f", "x");

  EXPECT_THAT(Read(Level::kService, "f", std::string(40, 'a')),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("is not known to Keptn"), HasSubstr("500"))));
}

TEST_P(KeptnStoreTest, EveryKindOfNotFoundFallsThrough) {
  EXPECT_THAT(Read(Level::kService, "nope"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("Resource not found")));
  EXPECT_THAT(store_->Read({"shop", "dev", "nope"}, Level::kService, "f", ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("Service not found")));
  EXPECT_THAT(store_->Read({"shop", "nope", "cart"}, Level::kStage, "f", ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("Stage not found")));
  EXPECT_THAT(store_->Read({"nope", "dev", "cart"}, Level::kProject, "f", ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("Project not found")));
}

TEST_P(KeptnStoreTest, ABrokenRepositoryIsAnOutage) {
  history().CommitFile(kService, "f", "x");
  for (const auto trouble :
       {ResourceHistory::Trouble::kNoCredentials, ResourceHistory::Trouble::kNoUpstream,
        ResourceHistory::Trouble::kBadToken}) {
    history().SetTrouble("shop", trouble);
    for (const char* commit : {"", "0123456789abcdef"}) {
      EXPECT_THAT(Read(Level::kService, "f", commit), StatusIs(absl::StatusCode::kUnavailable, _));
    }
    EXPECT_THAT(List(Level::kService, "d"), StatusIs(absl::StatusCode::kUnavailable, _));
  }
}

TEST_P(KeptnStoreTest, ListsADirectoryOverManyPages) {
  std::map<std::string, std::optional<std::string>> files;
  for (int i = 0; i < 2500; ++i) files[absl::StrCat("d/", i)] = "x";
  files["dd/x"] = "neighbour";
  history().Commit(kService, files);

  const auto paths = List(Level::kService, "d");

  ASSERT_THAT(paths, IsOk());
  EXPECT_EQ(paths->size(), 2500);
  EXPECT_TRUE(std::is_sorted(paths->begin(), paths->end()));
  EXPECT_EQ(std::count(paths->begin(), paths->end(), "d/2499"), 1);
}

TEST_P(KeptnStoreTest, AListSeesWhatWasJustPushed) {
  history().Commit(kService, {{"d/pushed", "x"}}, /*upstream_only=*/true);

  EXPECT_THAT(*List(Level::kService, "d"), ElementsAre("d/pushed"));
}

TEST_P(KeptnStoreTest, AMissingDirectoryOrPlaceIsNotFound) {
  history().CommitFile(kService, "dir2/f", "x");
  EXPECT_THAT(List(Level::kService, "dir"), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(store_->List({"shop", "dev", "nope"}, Level::kService, "dir2", ""),
              StatusIs(absl::StatusCode::kNotFound, _));
}

// On the stage's branch every service is a folder.
TEST_P(KeptnStoreTest, TheStageShowsNeitherItsOwnServiceNorKeptnsFolders) {
  history().CommitFile(kService, "f", "service's own");
  history().CommitFile(kStage, "tf/main.tf", "stage");
  history().CommitFile({"shop", "dev", "payment"}, "tf/other.tf", "another service");

  EXPECT_THAT(Read(Level::kStage, "cart/f"), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(List(Level::kStage, "cart"), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(*List(Level::kStage, "tf"), ElementsAre("tf/main.tf"));
  for (const char* path : {".git/config", "a/.git/x", ".keptn-stages/dev/f"}) {
    EXPECT_THAT(Read(Level::kProject, path), StatusIs(absl::StatusCode::kNotFound, _)) << path;
  }
}

TEST_P(KeptnStoreTest, RefusesNamesThatKeptnDoesNotTake) {
  EXPECT_THAT(Read(Level::kService, "../x"), StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(List(Level::kService, "/x"), StatusIs(absl::StatusCode::kInvalidArgument, _));
  for (const Scope& scope : {Scope{"a b", "s", "v"}, Scope{"p", "s/t", "v"}, Scope{"p", "s", ""}}) {
    EXPECT_THAT(store_->Read(scope, Level::kService, "f", ""),
                StatusIs(absl::StatusCode::kInvalidArgument, _));
  }
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_P(KeptnStoreTest, OutagesOfEveryKindAreOutages) {
  history().CommitFile(kService, "f", "x");
  for (const int status : {301, 401, 403, 405, 408, 424, 429, 500, 502, 503}) {
    const int fault = keptn_->faults().Add(
        {.path = "*/resource*", .effect = Fault::Effect::kStatus, .status = status, .times = 0});
    EXPECT_THAT(Read(Level::kService, "f"), StatusIs(absl::StatusCode::kUnavailable, _)) << status;
    EXPECT_THAT(Read(Level::kService, "f", "0123456789"),
                StatusIs(absl::StatusCode::kUnavailable, _))
        << status;
    keptn_->faults().Remove(fault);
  }
  keptn_->faults().Add({.path = "*/resource*", .effect = Fault::Effect::kCut, .times = 0});
  EXPECT_THAT(Read(Level::kService, "f"), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_P(KeptnStoreTest, IsReadyWhenKeptnAnswers) {
  EXPECT_FALSE(store_->CheckReady().ok());

  EXPECT_THAT(api_->Send(ResourceServiceProbe()), StatusIs(absl::StatusCode::kNotFound, _));

  EXPECT_THAT(store_->CheckReady(), IsOk());
}

// What one entry of `files` gives.
class KeptnFilesTest : public KeptnStoreTest {
 protected:
  std::map<std::string, std::string> Files(absl::string_view entry, absl::string_view commit) {
    std::map<std::string, std::string> files;
    status_ = ReadEntry(*store_, kScope, entry, commit,
                        [&files](const std::string& path, const std::string& content) {
                          files[path] = content;
                          return absl::OkStatus();
                        });
    return files;
  }
  absl::Status status_;
};

INSTANTIATE_TEST_SUITE_P(Doors, KeptnFilesTest, ::testing::Values(Door::kGateway, Door::kCluster),
                         [](const auto& test) {
                           return test.param == Door::kGateway ? "Gateway" : "Cluster";
                         });

TEST_P(KeptnFilesTest, ADirectoryIsMergedAtTheCommit) {
  history().Commit(kProject, {{"tf/main.tf", "project"}, {"tf/vars.tf", "project"}});
  history().Commit(kStage, {{"tf/vars.tf", "stage"}, {"tf/old.tf", "stage"}});
  const std::string commit = history().Commit(kService, {{"tf/mod/a.tf", "service"}});
  history().Commit(kService, {{"tf/new.tf", "too new"}, {"tf/mod/a.tf", "changed"}});
  history().Commit(kService, {{"tf/vars.tf", "too new"}});

  for (const char* entry : {"tf", "/tf", "tf/"}) {
    EXPECT_THAT(Files(entry, commit),
                UnorderedElementsAre(Pair("tf/main.tf", "project"), Pair("tf/vars.tf", "stage"),
                                     Pair("tf/old.tf", "stage"), Pair("tf/mod/a.tf", "service")))
        << entry;
    EXPECT_THAT(status_, IsOk());
  }
}

TEST_P(KeptnFilesTest, ADirectoryThatIsTooNewIsOnNoLevel) {
  const std::string commit = history().CommitFile(kService, "f", "x");
  history().CommitFile(kService, "tf/new.tf", "too new");

  EXPECT_THAT(Files("tf/", commit), IsEmpty());
  EXPECT_THAT(status_, StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"tf/\" is on no level")));
}

TEST_P(KeptnFilesTest, AnOutageHalfwayIsNoMissingFile) {
  const std::string commit = history().Commit(kService, {{"tf/a", "x"}, {"tf/b", "x"}});
  keptn_->faults().Add({.path = "*252Fb*", .status = 503});

  Files("tf/", commit);

  EXPECT_THAT(status_, StatusIs(absl::StatusCode::kUnavailable, _));
}

// DIRECTORY_STAGE_STRUCTURE=true: everything is on one branch.
class KeptnDirectoriesTest : public KeptnStoreTest {
 protected:
  KeptnDirectoriesTest() : KeptnStoreTest(ResourceHistory::Layout::kDirectories) {}
};

INSTANTIATE_TEST_SUITE_P(Doors, KeptnDirectoriesTest, ::testing::Values(Door::kGateway),
                         [](const auto&) { return "Gateway"; });

TEST_P(KeptnDirectoriesTest, LevelsAndCommitsMeanTheSame) {
  history().CommitFile(kProject, "d/f", "project");
  history().CommitFile(kStage, "d/f", "stage");
  const std::string commit = history().CommitFile(kService, "d/f", "service");
  history().CommitFile(kService, "d/f", "new");

  EXPECT_EQ(*Read(Level::kProject, "d/f", commit), "project");
  EXPECT_EQ(*Read(Level::kStage, "d/f", commit), "stage");
  EXPECT_EQ(*Read(Level::kService, "d/f", commit), "service");
  EXPECT_THAT(*List(Level::kProject, "d"), ElementsAre("d/f"));
  EXPECT_THAT(*List(Level::kStage, "d"), ElementsAre("d/f"));
}

}  // namespace
}  // namespace jobexec::resources
