#include "common/base/file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

std::string MakeFile(absl::string_view content) {
  const std::string path = ::testing::TempDir() + "/jobexec_file_test";
  std::ofstream(path) << std::string(content);
  return path;
}

TEST(ReadFile, ReturnsContentUpToTheLimit) {
  const std::string path = MakeFile("12345");

  EXPECT_EQ(*ReadFile(path, 5), "12345");
  EXPECT_THAT(ReadFile(path, 4), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("4")));
}

TEST(ReadFile, ReadsFilesThatSayTheyAreEmpty) {
  EXPECT_THAT(*ReadFile("/proc/self/status", 1'000'000), HasSubstr("Name:"));
  EXPECT_EQ(*ReadFile(MakeFile(""), 10), "");
}

TEST(ReadFile, NamesAMissingFile) {
  EXPECT_THAT(ReadFile("/nonexistent/x", 1),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nonexistent/x")));
  EXPECT_THAT(ReadFile("/", 1), StatusIs(absl::StatusCode::kNotFound, HasSubstr("regular")));
}

}  // namespace
}  // namespace jobexec
