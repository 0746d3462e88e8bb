#include "common/config/settings_file.h"

#include <gmock/gmock.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace jobexec::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries EntriesOf(const SettingsFile& file) {
  Entries entries;
  for (const SettingsFile::Entry& entry : file.entries) {
    entries.emplace_back(entry.name, entry.value);
  }
  return entries;
}

TEST(SettingsFile, Values) {
  const struct {
    const char* line;
    const char* value;
  } cases[] = {
      {"A=b", "b"},
      {"  A=b  ", "b"},
      {"\tA= b c \t", "b c"},
      {"A=", ""},
      {"A= ", ""},
      {"A=b=c==", "b=c=="},
      {"A=b # a comment", "b"},
      {"A= # a comment", ""},
      {"A=b#c", "b#c"},
      {"A=#b", "#b"},
      {"A=b#c #d", "b#c"},
      {"A=$B ${C} $(D)", "$B ${C} $(D)"},
      {R"(A=back\slash\n)", R"(back\slash\n)"},
      {R"(A=b"c"'d')", R"(b"c"'d')"},
      {"A=''", ""},
      {"A=\"\"", ""},
      {"A=' b # c '", " b # c "},
      {"A=\"b\" # c", "b"},
      {"A='b'  ", "b"},
      {R"(A='a"b\n')", R"(a"b\n)"},
      {R"(A="a\"b'\\\n\r\t$C")", "a\"b'\\\n\r\t$C"},
      {"A=\"[\\\"x\\\"]\"", "[\"x\"]"},
      {"A=gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
  };
  for (const auto& test : cases) {
    const SettingsFile file = ParseSettingsFile(test.line);
    EXPECT_THAT(file.faults, IsEmpty()) << test.line;
    EXPECT_EQ(EntriesOf(file), (Entries{{"A", test.value}})) << test.line;
  }
}

TEST(SettingsFile, LinesOfAFile) {
  const SettingsFile file = ParseSettingsFile(
      "\xEF\xBB\xBF# a comment\r\n"
      "RCV_PORT=80\r\n"
      "\r\n"
      "   # another\n"
      "LOG_LEVEL='debug'\n"
      "_X9=last");

  EXPECT_THAT(file.faults, IsEmpty());
  EXPECT_EQ(EntriesOf(file),
            (Entries{{"RCV_PORT", "80"}, {"LOG_LEVEL", "debug"}, {"_X9", "last"}}));
  EXPECT_EQ(file.entries[1].line, 5);
  EXPECT_EQ(file.entries[2].line, 6);
}

TEST(SettingsFile, NothingIsNothing) {
  for (const char* text : {"", "\n", "\n\n", "#", "\xEF\xBB\xBF"}) {
    const SettingsFile file = ParseSettingsFile(text);
    EXPECT_THAT(file.entries, IsEmpty());
    EXPECT_THAT(file.faults, IsEmpty());
  }
}

TEST(SettingsFile, FaultsNeverShowTheirLine) {
  const struct {
    std::string line;
    const char* message;
  } cases[] = {
      {"xyzzy", "expected NAME=value"},
      {"=xyzzy", "is no name of a setting"},
      {"xyzzy=1", "is no name of a setting"},
      {"A =xyzzy", "is no name of a setting"},
      {"export A=xyzzy", "is no name of a setting"},
      {"1A=xyzzy", "is no name of a setting"},
      {"A-B=xyzzy", "is no name of a setting"},
      {"A='xyzzy", "A: the closing ' is missing in this line"},
      {"A=\"xyzzy", "A: the closing \" is missing in this line"},
      {"A=\"xyzzy\\\"", "A: the closing \" is missing"},
      {"A=\"xyzzy\\", "A: in double quotes \\ is followed by"},
      {"A=\"xyzzy\\x\"", "A: in double quotes \\ is followed by"},
      {"A='xyzzy' b", "A: only a blank and a # comment may follow"},
      {"A='xyzzy'#b", "A: only a blank and a # comment may follow"},
      {"A=xyzzy\xFF", "is not UTF-8"},
      {"A=xyzzy\x1b[0m", "has control characters"},
      {"A=xyzzy\rB=c", "has control characters"},
      {std::string("A=xyzzy\0b", 9), "has control characters"},
  };
  for (const auto& test : cases) {
    const SettingsFile file = ParseSettingsFile(absl::StrCat("# 1\n", test.line, "\nZ=1\n"));
    ASSERT_EQ(file.faults.size(), 1) << test.line;
    EXPECT_EQ(file.faults[0].line, 2);
    EXPECT_THAT(file.faults[0].message, HasSubstr(test.message));
    EXPECT_THAT(file.faults[0].message, Not(HasSubstr("xyzzy")));
    EXPECT_EQ(EntriesOf(file), (Entries{{"Z", "1"}})) << test.line;
  }
}

TEST(SettingsFile, AnotherLineOfTheSameNameIsAFault) {
  const SettingsFile file = ParseSettingsFile("A=1\nB=2\nA=xyzzy\n");

  EXPECT_EQ(EntriesOf(file), (Entries{{"A", "1"}, {"B", "2"}}));
  ASSERT_EQ(file.faults.size(), 1);
  EXPECT_EQ(file.faults[0].line, 3);
  EXPECT_EQ(file.faults[0].message, "A is given in line 1 already");
}

}  // namespace
}  // namespace jobexec::config
