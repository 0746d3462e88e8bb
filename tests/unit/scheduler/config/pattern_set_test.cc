#include "scheduler/config/pattern_set.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduler/config/event_filter.h"

namespace jobexec::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PatternSet Compile(const std::vector<std::string>& patterns) {
  PatternSet::Patterns compiled;
  for (const std::string& pattern : patterns) {
    compiled.push_back(CompileTypePattern(pattern).value_or(nullptr));
  }
  return PatternSet(std::move(compiled));
}

TEST(PatternSet, FindsEachPatternAnywhere) {
  const PatternSet set = Compile({"", "b", "^b", "a.c$", "x", "(?i)ABC"});

  EXPECT_THAT(set.Search("abc"), ElementsAre(true, true, false, true, false, true));
  EXPECT_THAT(set.Search("x"), ElementsAre(true, false, false, false, true, false));
  EXPECT_THAT(set.Search(""), ElementsAre(true, false, false, false, false, false));
}

TEST(PatternSet, WhatIsNoRegularExpressionKeepsItsPositionAndIsNeverFound) {
  const PatternSet set = Compile({"a", "(", "b"});

  EXPECT_THAT(set.Search("b("), ElementsAre(false, false, true));
}

TEST(PatternSet, MayBeEmpty) { EXPECT_THAT(Compile({}).Search("a"), IsEmpty()); }

TEST(PatternSet, FindsTheSameWhenThePatternsTogetherAreBeyondOnePass) {
  std::vector<std::string> patterns;
  for (int i = 0; i < 400; ++i) patterns.push_back(absl::StrCat("^[a-z]{900}", i, "$"));
  const PatternSet set = Compile(patterns);

  const std::vector<bool> found = set.Search(absl::StrCat(std::string(900, 'q'), 7));

  EXPECT_EQ(std::count(found.begin(), found.end(), true), 1);
  EXPECT_TRUE(found[7]);
}

}  // namespace
}  // namespace jobexec::scheduler
