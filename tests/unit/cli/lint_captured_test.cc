// Files of the original: the linter finds no errors where the original ran them.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "cli/lint.h"
#include "tests/unit/common/json/captured_data.h"

namespace jobexec::cli {
namespace {

using ::jobexec::testing::CapturedData;
using ::testing::IsEmpty;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Errors(const std::string& content, const LintOptions& options) {
  std::vector<std::string> errors;
  for (const Finding& finding : Lint(content, options)) {
    if (finding.severity == Severity::kError) errors.push_back(finding.message);
  }
  return errors;
}

TEST(LintCaptured, FilesOfTheOriginalHaveNoErrors) {
  SKIP_WITHOUT_CAPTURED_DATA();
  int files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(CapturedData() / "jes/test/data")) {
    const std::string name = entry.path().filename();
    if (!absl::EndsWith(name, "config.yaml")) continue;
    ++files;
    const bool is_valid = name != "empty.config.yaml";
    EXPECT_THAT(Errors(ReadText(entry.path()), {.parser_only = true}).empty(), is_valid) << name;
    if (is_valid) {
      EXPECT_THAT(Errors(ReadText(entry.path()), {}), IsEmpty()) << name;
    }
  }
  EXPECT_EQ(files, 16);
}

// The parser takes probe files that do nothing useful; the other checks find what it lets through.
TEST(LintCaptured, ParserOnlyAgreesWithTheOriginalOnItsProbes) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const std::filesystem::path folder = CapturedData() / "jes/captured/yaml-probes";
  std::ifstream results(folder / "RESULTS.tsv");
  int probes = 0;
  for (std::string line; std::getline(results, line);) {
    const std::string name = line.substr(0, line.find('\t'));
    // The original crashed on it.
    if (name == "28-seccomp-notype.yaml") continue;
    ++probes;
    const bool refused = absl::StartsWith(line.substr(name.size() + 1), "ERR ");
    const auto errors = Errors(ReadText(folder / name), {.parser_only = true});
    EXPECT_EQ(!errors.empty(), refused) << name;
  }
  EXPECT_EQ(probes, 25);
}

}  // namespace
}  // namespace jobexec::cli
