#include "common/kube/log_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace jobexec::kube {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) absl::StrAppend(&text, "line ", i, "\n");
  return text;
}

std::string Cut(const std::string& text, size_t limit, size_t piece = 1000000) {
  LogWindow window(limit);
  for (size_t i = 0; i < text.size(); i += piece) window.Append(text.substr(i, piece));
  EXPECT_EQ(window.total_bytes(), text.size());
  return window.Text();
}

TEST(LogWindow, KeepsWhatFits) {
  const std::string text(1000, 'x');

  EXPECT_EQ(Cut("", 1000), "");
  EXPECT_EQ(Cut(text, 1000), text);
  EXPECT_EQ(Cut(text, 1000, 7), text);
}

TEST(LogWindow, KeepsHeadAndTailAtLineEnds) {
  const std::string text = Lines(1000);

  const std::string cut = Cut(text, 1000);

  EXPECT_LE(cut.size(), 1000);
  EXPECT_GT(cut.size(), 900);
  EXPECT_THAT(cut, StartsWith("line 0\nline 1\n"));
  EXPECT_THAT(cut, HasSubstr(" bytes cut ...\nline "));
  EXPECT_THAT(cut, EndsWith("line 998\nline 999\n"));
  // What it says is what is missing.
  const size_t marker = cut.find("\n... ");
  const size_t marker_end = cut.find("...\n", marker) + 4;
  const size_t kept = cut.size() - (marker_end - marker);
  EXPECT_THAT(cut, HasSubstr(absl::StrCat("\n... ", text.size() - kept, " bytes cut ...\n")));
}

TEST(LogWindow, DoesNotDependOnThePieces) {
  const std::string text = Lines(1000);
  const std::string expected = Cut(text, 1000);

  for (size_t piece : {1, 2, 3, 249, 250, 251, 749, 750, 751, 1000, 5000}) {
    EXPECT_EQ(Cut(text, 1000, piece), expected) << piece;
  }
}

TEST(LogWindow, CutsOneByteTooMany) {
  EXPECT_THAT(Cut(Lines(200), Lines(200).size() - 1), HasSubstr(" bytes cut ..."));
}

TEST(LogWindow, CutsInsideALineThatIsTooLong) {
  const std::string cut = Cut(std::string(5000, 'a') + std::string(5000, 'z'), 1000);

  EXPECT_LE(cut.size(), 1000);
  EXPECT_THAT(cut, MatchesRegex("a+\n\\.\\.\\. [0-9]+ bytes cut \\.\\.\\.\nz+"));
}

TEST(LogWindow, KeepsOnlyTheTailWhenTheLimitIsSmall) {
  EXPECT_EQ(Cut("0123456789", 4), "6789");
  EXPECT_EQ(Cut("0123456789", 4, 3), "6789");
}

}  // namespace
}  // namespace jobexec::kube
