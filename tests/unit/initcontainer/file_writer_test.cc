#include "initcontainer/file_writer.h"

#include <gtest/gtest.h>

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

TEST(FileWriter, SaysWhatCannotBeWritten) {
  testing::TempDirectory directory;
  directory.Write("file", "");
  FileWriter writer(directory.path());

  EXPECT_FALSE(writer.Begin("file/below", false).ok());
}

}  // namespace
}  // namespace jobexec::initcontainer
