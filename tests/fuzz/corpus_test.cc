// Whatever fuzzing once found interesting, or broken, goes through its target again.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

class Corpus : public ::testing::TestWithParam<Target> {};

std::vector<std::filesystem::path> FilesOf(absl::string_view target) {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(JOBEXEC_FUZZ_CORPUS) / std::string(target);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string Content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TEST_P(Corpus, KeepsItsProperties) {
  const std::vector<std::filesystem::path> files = FilesOf(GetParam().name);

  ASSERT_FALSE(files.empty());
  for (const std::filesystem::path& file : files) {
    const absl::Status status = GetParam().run(Content(file));
    EXPECT_TRUE(status.ok()) << file << ": " << status;
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, ::testing::ValuesIn(kTargets),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace jobexec::fuzz
