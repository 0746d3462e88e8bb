#include "common/json/i_regexp.h"

#include <gtest/gtest.h>

#include "re2/re2.h"
#include "tests/support/status_matchers.h"

namespace jobexec::json {
namespace {

using ::jobexec::testing::StatusIs;

TEST(IRegexp, TranslatesWhatRe2ReadsDifferently) {
  struct Case {
    const char* pattern;
    const char* translated;
  };
  const Case cases[] = {
      {"", ""},
      {"a|b|", "a|b|"},
      {"a.b", "a[^\\n\\r]b"},
      {"(ab)*", "(?:ab)*"},
      {"(a(b|c)+)?", "(?:a(?:b|c)+)?"},
      {"a{2}b{2,}c{2,5}", "a{2}b{2,}c{2,5}"},
      {"[a.b]", "[a.b]"},
      {"[-a-z-]", "[\\-a-z\\-]"},
      {"[^-]", "[^\\-]"},
      {"[\\]\\-\\p{Lu}]", "[\\]\\-\\p{Lu}]"},
      {"\\p{L}\\P{Nd}\\.\\n\\\\", "\\p{L}\\P{Nd}\\.\\n\\\\"},
      {"^é中$", "^é中$"},
      {"a/b-c,d", "a/b-c,d"},
  };
  for (const Case& c : cases) {
    const auto translated = TranslateIRegexp(c.pattern);
    ASSERT_TRUE(translated.ok()) << c.pattern << ": " << translated.status();
    EXPECT_EQ(*translated, c.translated);
    EXPECT_NE(CompileIRegexp(c.pattern), nullptr) << c.pattern;
  }
}

TEST(IRegexp, RefusesWhatIsNoIRegexp) {
  for (const char* const pattern :
       {"*a",     "a**",  "a+?",    "(*a)",    "|*",         "(?:a)",    "(?i)a", "(a",
        "a)",     "a]",   "a}",     "{2}",     "a{",         "a{x}",     "a{2",   "a{,2}",
        "[",      "[]",   "[^]",    "[a",      "[a-",        "[a-b-c]",  "[[a]]", "[a-\\p{L}]",
        "[a--b]", "\\",   "\\d",    "\\w",     "\\b",        "\\u0041",  "\\$",   "\\p",
        "\\pL",   "\\p{", "\\p{X}", "\\p{Lx}", "\\p{Greek}", "\\p{Luu}", "\xff"}) {
    EXPECT_THAT(TranslateIRegexp(pattern), StatusIs(absl::StatusCode::kInvalidArgument,
                                                    ::testing::HasSubstr("regular expression")))
        << pattern;
    EXPECT_EQ(CompileIRegexp(pattern), nullptr) << pattern;
  }
}

TEST(IRegexp, BeyondRe2IsNull) {
  EXPECT_EQ(CompileIRegexp("a{1001}"), nullptr);
  EXPECT_EQ(CompileIRegexp("\\p{Cn}"), nullptr);
  EXPECT_EQ(CompileIRegexp("[z-a]"), nullptr);
  EXPECT_EQ(CompileIRegexp("(\\p{L}{500}){500}"), nullptr);
}

TEST(IRegexp, MatchesCodePoints) {
  const auto pattern = CompileIRegexp("a.b");
  ASSERT_NE(pattern, nullptr);
  EXPECT_TRUE(re2::RE2::FullMatch("a😀b", *pattern));
  EXPECT_FALSE(re2::RE2::FullMatch("a\nb", *pattern));
  EXPECT_FALSE(re2::RE2::FullMatch("a\rb", *pattern));
}

}  // namespace
}  // namespace jobexec::json
