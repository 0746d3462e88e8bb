#include "reporter/log_text.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"

namespace jobexec::reporter {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(LogText, ShortTextsStay) {
  EXPECT_EQ(KeepHeadAndTail("", 100), "");
  EXPECT_EQ(KeepHeadAndTail("line 1\nline 2\n", 100), "line 1\nline 2\n");
}

TEST(LogText, KeepsHeadAndTailAndSaysHowMuchIsGone) {
  const std::string text = absl::StrCat("head", std::string(5000, 'x'), "tail");

  const std::string cut = KeepHeadAndTail(text, 264);

  EXPECT_EQ(cut, absl::StrCat("head", std::string(96, 'x'), "\n[... 4808 bytes cut ...]\n",
                              std::string(96, 'x'), "tail"));
}

TEST(LogText, JsonSizeIsWhatTheAnswerTakes) {
  for (const std::string text : {"plain", "\"quoted\"\\", "\n\t\x1b[0m", "h\xc3\xa9llo", "\x01"}) {
    EXPECT_EQ(JsonSize(text), nlohmann::json(text).dump().size() - 2) << text;
  }
  EXPECT_EQ(JsonSize("\xff"), 3u) << "becomes U+FFFD";
}

TEST(LogText, NeverExceedsTheLimitNorCutsACharacter) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += i % 3 == 0 ? "\x1b" : "\xe2\x82\xac";
  for (size_t limit : {200, 201, 202, 203, 1000, 8191}) {
    const std::string cut = KeepHeadAndTail(text, limit);
    EXPECT_LE(JsonSize(cut), limit);
    EXPECT_TRUE(IsValidUtf8(cut));
    EXPECT_THAT(cut, HasSubstr(" bytes cut ...]"));
  }
}

TEST(LogText, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(KeepHeadAndTail("a\xff"
                            "b",
                            100),
            "a\xef\xbf\xbd"
            "b");
}

}  // namespace
}  // namespace jobexec::reporter
