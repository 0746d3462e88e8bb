#include "common/base/utf8.h"

#include <gtest/gtest.h>

namespace jobexec {
namespace {

TEST(Utf8, EveryScalarValueSurvivesTheRoundTrip) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point == 0xD800) code_point = 0xE000;
    std::string text;
    AppendUtf8(code_point, text);
    const DecodedUtf8 decoded = DecodeUtf8(text, 0);
    ASSERT_TRUE(decoded.valid) << static_cast<uint32_t>(code_point);
    ASSERT_EQ(decoded.code_point, code_point);
    ASSERT_EQ(decoded.bytes, text.size());
  }
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  const char* const texts[] = {
      "\x80",              // continuation without lead
      "\xC0\xAF",          // overlong
      "\xE0\x80\xAF",      // overlong
      "\xF0\x80\x80\x80",  // overlong
      "\xED\xA0\x80",      // surrogate
      "\xF4\x90\x80\x80",  // above U+10FFFF
      "\xE2\x82",          // cut off
      "\xE2\x28\xA1",      // lead followed by ASCII
      "\xFF",
  };
  for (const char* const text : texts) {
    EXPECT_FALSE(IsValidUtf8(text));
    const DecodedUtf8 decoded = DecodeUtf8(text, 0);
    EXPECT_FALSE(decoded.valid);
    EXPECT_EQ(decoded.bytes, 1u);
    EXPECT_EQ(decoded.code_point, kReplacementCharacter);
  }
}

TEST(Utf8, ValidTextIsValid) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("aé€😀"));
  EXPECT_TRUE(IsValidUtf8(absl::string_view("a\0b", 3)));
}

TEST(Utf8, CodePointsReplaceEachBadByte) {
  EXPECT_EQ(ToCodePoints("aé\xE2\x82😀"), (std::u32string{U'a', 0xE9, 0xFFFD, 0xFFFD, 0x1F600}));
}

}  // namespace
}  // namespace jobexec
