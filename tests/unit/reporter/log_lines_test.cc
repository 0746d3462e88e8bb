#include "reporter/log_lines.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reporter/log_archive.h"

namespace jobexec::reporter {
namespace {

using ::testing::ElementsAre;

// Lines as "<nanoseconds of the second>|<text>", "-" for no time.
class Collected {
 public:
  void operator()(const LogLine& line) {
    const std::string time =
        line.time.has_value() ? absl::StrCat(absl::ToUnixNanos(*line.time) % 1'000'000'000) : "-";
    lines.push_back(absl::StrCat(time, "|", line.text));
  }
  std::vector<std::string> lines;
};

std::vector<std::string> Split(const std::vector<std::string>& pieces, size_t limit = 64) {
  LogLines lines(limit);
  Collected collected;
  for (const std::string& piece : pieces) lines.Feed(piece, std::ref(collected));
  lines.End(std::ref(collected));
  return collected.lines;
}

TEST(LogLines, TakesTimeStampsOffAndKeepsEmptyLines) {
  EXPECT_THAT(Split({"2023-11-14T22:13:20.000000005Z one\n2023-11-14T22:13:20.000000006Z \n"
                     "2023-11-14T22:13:20+00:00 two words"}),
              ElementsAre("5|one\n", "6|\n", "0|two words"));
}

TEST(LogLines, ItDoesNotMatterWhereTheBytesAreCut) {
  const std::string log =
      "2023-11-14T22:13:20.000000005Z one\n2023-11-14T22:13:20.000000006Z two\n";
  for (size_t cut = 0; cut <= log.size(); ++cut) {
    EXPECT_THAT(Split({log.substr(0, cut), log.substr(cut)}), ElementsAre("5|one\n", "6|two\n"))
        << cut;
  }
}

TEST(LogLines, WhatHasNoTimeStampIsGivenAsItIs) {
  EXPECT_THAT(Split({"plain\nfailed to open log\n\n"}),
              ElementsAre("-|plain\n", "-|failed to open log\n", "-|\n"));
}

TEST(LogLines, ALongLineComesInPiecesOfOneTime) {
  const std::string stamp = "2023-11-14T22:13:20.000000005Z ";
  const auto lines = Split({stamp + "aaaa", "bbbb", "2023-11-14T22:13:20Z c\n", "d\n"}, 32);
  EXPECT_THAT(lines, ElementsAre("5|aaaa", "5|bbbb2023-11-14T22:13:20Z c\n", "-|d\n"));
}

TEST(LogArchive, KeepsTheNewest) {
  LogArchive archive(10);
  archive.Put("a", "12345");
  archive.Put("b", "12345");
  EXPECT_EQ(archive.Get("a"), "12345");
  archive.Put("a", "1");
  archive.Put("c", "1234");
  EXPECT_EQ(archive.Get("b"), "12345");
  archive.Put("d", "1");
  EXPECT_EQ(archive.Get("b"), "") << "the oldest makes room";
  EXPECT_EQ(archive.Get("a"), "1");
  archive.Put("e", std::string(11, 'x'));
  archive.Put("f", "");
  EXPECT_EQ(archive.Get("e"), "");
  EXPECT_EQ(archive.Get("c"), "1234");
  EXPECT_EQ(archive.Get("nobody"), "");
}

}  // namespace
}  // namespace jobexec::reporter
