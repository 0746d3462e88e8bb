#include "cli/input.h"

#include <gmock/gmock.h>

#include <sstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::cli {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

class InputTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Read(const std::string& path, size_t max_bytes = 10) {
    return ReadInput(path, max_bytes, {in_, out_, out_, environment_});
  }

  const testing::TempDirectory directory_;
  std::istringstream in_{"standard"};
  std::ostringstream out_;
  const config::Environment environment_ = {};
};

TEST_F(InputTest, FilesAndStandardInput) {
  directory_.Write("f", "content");
  EXPECT_EQ(*Read(directory_.path() + "/f"), "content");
  EXPECT_EQ(*Read("-"), "standard");
  EXPECT_EQ(InputName("-"), "<stdin>");
  EXPECT_EQ(InputName("f"), "f");
}

TEST_F(InputTest, UpToTheLimit) {
  directory_.Write("f", "content");
  EXPECT_EQ(*Read(directory_.path() + "/f", 7), "content");
  EXPECT_THAT(Read(directory_.path() + "/f", 6),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("allowed 6 bytes")));
}

TEST_F(InputTest, SaysWhyAFileCannotBeRead) {
  EXPECT_THAT(Read(directory_.path() + "/none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("No such file")));
  EXPECT_THAT(Read(directory_.path()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("directory")));
}

}  // namespace
}  // namespace jobexec::cli
