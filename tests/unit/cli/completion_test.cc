#include "cli/completion.h"

#include <gmock/gmock.h>

#include "cli/commands.h"

namespace jobexec::cli {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Candidates without what they mean.
std::vector<std::string> Words(std::vector<std::string> typed) {
  std::vector<std::string> words;
  for (const std::string& candidate : Complete(JobexecProgram(), std::move(typed))) {
    words.push_back(candidate.substr(0, candidate.find('\t')));
  }
  return words;
}

TEST(Completion, Candidates) {
  struct Case {
    std::vector<std::string> typed;
    std::vector<std::string> candidates;
  };
  const Case kCases[] = {
      {{}, {"lint", "render", "explain", "completion"}},
      {{""}, {"lint", "render", "explain", "completion"}},
      {{"l"}, {"lint"}},
      {{"--"}, {"--help", "--version"}},
      {{"x"}, {}},
      {{"nonsense", ""}, {}},
      {{"lint", ""}, {":files"}},
      {{"lint", "a", "b"}, {":files"}},
      {{"lint", "--p"}, {"--parser-only"}},
      {{"lint", "--format", ""}, {"text", "json"}},
      {{"lint", "--format", "j"}, {"json"}},
      {{"lint", "--format=j"}, {"--format=json"}},
      {{"lint", "--format", "="}, {"text", "json"}},
      {{"lint", "--format", "=", "t"}, {"text"}},
      {{"lint", "--color", "a"}, {"auto", "always"}},
      {{"lint", "--parser-only", ""}, {":files"}},
      {{"lint", "--image-allow-list", ""}, {}},
      {{"render", "--event", ""}, {":files"}},
      {{"render", "--event", "=", "x"}, {":files"}},
      {{"render", "--job-n"}, {"--job-namespace"}},
      {{"explain", "--co"}, {"--config", "--color"}},
      {{"completion", ""}, {"bash", "zsh", "fish"}},
      {{"completion", "z"}, {"zsh"}},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(Words(c.typed), c.candidates) << ::testing::PrintToString(c.typed);
  }
}

TEST(Completion, ACommandWithoutOperandsOffersItsOptions) {
  EXPECT_THAT(Words({"render", ""}), Each(StartsWith("--")));
  EXPECT_THAT(Words({"render", ""}), Contains("--event"));
}

TEST(Completion, CandidatesSayWhatTheyAre) {
  EXPECT_THAT(Complete(JobexecProgram(), {"li"}), ElementsAre("lint\tCheck job/config.yaml files"));
}

TEST(Completion, EveryShellHasAScript) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(CompletionScript(shell), HasSubstr(kCompleteCommand)) << shell;
  }
  EXPECT_THAT(CompletionScript("tcsh"), IsEmpty());
}

}  // namespace
}  // namespace jobexec::cli
