#include "scheduler/config/glob.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

struct GlobCase {
  const char* pattern;
  const char* text;
  bool matches;
};

TEST(Glob, Table) {
  const GlobCase kCases[] = {
      {"", "", true},
      {"", "a", false},
      {"abc", "abc", true},
      {"abc", "xabc", false},
      {"abc", "abcx", false},
      {"a*c", "ac", true},
      {"a*c", "ab/\nc", true},
      {"a**c", "abbc", true},
      {"?", "", false},
      {"?", "/", true},
      {"?", "é", true},
      {"?", "ab", false},
      {"[ab]", "b", true},
      {"[ab]", "c", false},
      {"[a-c]", "b", true},
      {"[a-c]", "-", false},
      {"[c-c]", "c", true},
      {"[!a-c]", "d", true},
      {"[!a-c]", "b", false},
      {"[!ab]", "a", false},
      {"[!ab]", "/", true},
      {"[ab-d]", "-", true},  // only a lone range is a range
      {"[ab-d]", "c", false},
      {"[\\]]", "]", true},
      {"[^a]", "^", true},
      {"[à-ü]", "é", true},
      {"x[\\d]", "xd", true},
      {"{a,bc}d", "bcd", true},
      {"{a,bc}d", "ad", true},
      {"{a,bc}d", "d", false},
      {"{a,}d", "d", true},
      {"{a,{b,c}d}e", "cde", true},
      {"{a*,?}e", "xe", true},
      {"{a,b", "b", true},  // an unclosed brace ends with the pattern
      {"{a,b", "{a", false},
      {"a,b", "a,b", true},
      {"a}b", "a}b", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"\\{a\\,b}", "{a,b}", true},
      {"a\\", "a", true},
      {"a.c", "abc", false},
      {"a+(b)|c^$", "a+(b)|c^$", true},
      {"]", "]", true},
  };
  for (const GlobCase& c : kCases) {
    const auto glob = Glob::Compile(c.pattern);
    ASSERT_THAT(glob, IsOk()) << c.pattern;
    EXPECT_EQ(glob->Matches(c.text), c.matches) << c.pattern << " " << c.text;
  }
}

TEST(Glob, FaultsAreReadable) {
  EXPECT_THAT(Glob::Compile("\x1b["),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"\\x1b[\" is no glob")));
}

TEST(Glob, TextThatIsNotUtf8DoesNotMatch) {
  for (const char* text : {"\xff", "\xC3", "\xED\xA0\x80" /* a surrogate */}) {
    EXPECT_FALSE(Glob::Compile("*")->Matches(text));
  }
}

TEST(Glob, Faults) {
  const std::pair<const char*, const char*> kCases[] = {
      {"[", "empty character class"},   {"[]", "empty character class"},
      {"[!]", "empty character class"}, {"[a", "without \"]\""},
      {"[a-", "without \"]\""},         {"[a-b", "without \"]\""},
      {"[a-bc]", "without \"]\""},      {"[c-a]", "runs backwards"},
      {"[a\\", "without \"]\""},
  };
  for (const auto& [pattern, fault] : kCases) {
    EXPECT_THAT(Glob::Compile(pattern),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(fault)))
        << pattern;
  }
}

TEST(Glob, ManyStarsAreLinear) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  const auto glob = Glob::Compile(pattern + "b");

  ASSERT_THAT(glob, IsOk());
  EXPECT_FALSE(glob->Matches(std::string(20'000, 'a')));
}

}  // namespace
}  // namespace jobexec::scheduler
