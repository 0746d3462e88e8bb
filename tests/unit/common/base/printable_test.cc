#include "common/base/printable.h"

#include <gtest/gtest.h>

namespace jobexec {
namespace {

TEST(Printable, EscapesOnlyWhatMessagesMustNotHave) {
  const std::pair<absl::string_view, absl::string_view> kCases[] = {
      {"", ""},
      {"plain 'quoted' \"text\" \\", "plain 'quoted' \"text\" \\"},
      {"two\nlines", "two\nlines"},
      {"\u00E9 \U0001F600", "\u00E9 \U0001F600"},
      {"\x1b[31m\t\r", "\\x1b[31m\\x09\\x0d"},
      {"a\x7f\u0085\u009Fb", "a\\x7f\\u0085\\u009fb"},
      {"\xFF\xC3", "\\xff\\xc3"},
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},
  };
  for (const auto& [text, printable] : kCases) EXPECT_EQ(Printable(text), printable);
  EXPECT_EQ(Printable(absl::string_view("\0x", 2)), "\\x00x");
}

}  // namespace
}  // namespace jobexec
