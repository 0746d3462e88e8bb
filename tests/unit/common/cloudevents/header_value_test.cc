#include "common/cloudevents/header_value.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace jobexec::cloudevents {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

struct Case {
  const char* header;
  const char* attribute;
};

TEST(HeaderValue, Decodes) {
  const Case cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"  blanks around ", "blanks around"},
      {"a%20b", "a b"},
      {"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro \xE2\x82\xAC \xF0\x9F\x98\x80"},
      {"lower%e2%82%ac", "lower\xE2\x82\xAC"},
      {"unneeded%41", "unneededA"},
      {"once%2520only", "once%20only"},
      {"%22quoted%22", "\"quoted\""},
      {"100%", "100%"},
      {"5%zz%2", "5%zz%2"},
      {"%4g%-1%+1% 1%0x", "%4g%-1%+1% 1%0x"},
      {"%20%20", "  "},
      {"\"in quotes\"", "in quotes"},
      {R"("back\\slash \"and\" quote")", R"(back\slash "and" quote)"},
      {"\"both %2D ways\"", "both - ways"},
      {"\"\"", ""},
      {"inner \"quotes\" stay", "inner \"quotes\" stay"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header);

    const auto value = DecodeHeaderValue(c.header);

    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_EQ(*value, c.attribute);
  }
}

TEST(HeaderValue, Refuses) {
  const Case cases[] = {
      {"%C0%A0", "not UTF-8"},
      {"%E2%82", "not UTF-8"},
      {"%FF", "not UTF-8"},
      {"raw \xFC", "not UTF-8"},
      {"\"open", "double quote"},
      {"\"closed\" early", "double quote"},
      {"\"escaped end\\\"", "double quote"},
      {"\"", "double quote"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header);

    EXPECT_THAT(DecodeHeaderValue(c.header),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.attribute)));
  }
}

}  // namespace
}  // namespace jobexec::cloudevents
