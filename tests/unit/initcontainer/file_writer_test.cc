#include "initcontainer/file_writer.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "common/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::initcontainer {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using std::filesystem::perms;
using ::testing::_;
using ::testing::HasSubstr;

perms ModeOf(const std::string& path) { return std::filesystem::status(path).permissions(); }

TEST(FileWriter, WritesInPiecesBelowItsFolder) {
  testing::TempDirectory directory;
  FileWriter writer(directory.path());

  ASSERT_THAT(writer.Begin("a/b/c.txt", false), IsOk());
  ASSERT_THAT(writer.Append("one"), IsOk());
  ASSERT_THAT(writer.Append("two"), IsOk());

  EXPECT_EQ(*ReadFile(directory.path() + "/a/b/c.txt", 100), "onetwo");
  EXPECT_EQ(ModeOf(directory.path() + "/a/b/c.txt") & perms::owner_exec, perms::none);
}

TEST(FileWriter, ReplacesAndMakesScriptsExecutable) {
  testing::TempDirectory directory;
  directory.Write("run.sh", "much longer than before");
  FileWriter writer(directory.path());

  ASSERT_THAT(writer.Begin("run.sh", true), IsOk());
  ASSERT_THAT(writer.Append("#!"), IsOk());

  EXPECT_EQ(*ReadFile(directory.path() + "/run.sh", 100), "#!");
  EXPECT_NE(ModeOf(directory.path() + "/run.sh") & perms::others_exec, perms::none);
}

TEST(FileWriter, NeverLeavesItsFolder) {
  testing::TempDirectory directory;
  FileWriter writer(directory.path() + "/keptn");

  for (const char* path : {"../x", "/etc/x", "a/../../x", "", "."}) {
    EXPECT_THAT(writer.Begin(path, false), StatusIs(absl::StatusCode::kInvalidArgument, _)) << path;
  }
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/x"));
}

// Somebody who can write to the volume lays links; what is fetched stays in the folder all the
// same.
TEST(FileWriter, FollowsNoLink) {
  testing::TempDirectory directory;
  directory.Write("secret", "untouched");
  directory.Write("keptn/there", "");
  const std::string root = directory.path() + "/keptn";
  std::filesystem::create_symlink(directory.path() + "/secret", root + "/file");
  std::filesystem::create_directory_symlink(directory.path(), root + "/folder");
  FileWriter writer(root);

  ASSERT_THAT(writer.Begin("file", false), IsOk());
  ASSERT_THAT(writer.Append("new"), IsOk());
  EXPECT_THAT(writer.Begin("folder/secret", false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"folder\"")));

  EXPECT_EQ(*ReadFile(root + "/file", 100), "new");
  EXPECT_FALSE(std::filesystem::is_symlink(root + "/file"));
  EXPECT_EQ(*ReadFile(directory.path() + "/secret", 100), "untouched");
}

TEST(FileWriter, SaysWhatCannotBeWritten) {
  testing::TempDirectory directory;
  directory.Write("file", "");
  directory.Write("folder/file", "");
  FileWriter writer(directory.path());

  EXPECT_THAT(writer.Begin("file/below", false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/file/below")));
  EXPECT_THAT(writer.Begin("folder", false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/folder")));
  EXPECT_THAT(FileWriter(directory.path() + "/nowhere").Begin("x", false),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere")));
}

// A file that may not grow takes only a part.
TEST(FileWriter, AWriteThatFailsHalfWayIsSaid) {
  struct rlimit unlimited = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  const struct rlimit small = {.rlim_cur = 100, .rlim_max = unlimited.rlim_max};
  testing::TempDirectory directory;
  FileWriter writer(directory.path());
  ASSERT_THAT(writer.Begin("x", false), IsOk());
  std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);

  const absl::Status status = writer.Append(std::string(200, 'x'));

  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("cannot write")));
  EXPECT_EQ(*ReadFile(directory.path() + "/x", 1000), std::string(100, 'x'));
}

}  // namespace
}  // namespace jobexec::initcontainer
