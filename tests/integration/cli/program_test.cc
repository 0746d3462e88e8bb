// The program itself in real shells: streams, exit codes, completion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_directory.h"

namespace jobexec::cli {
namespace {

using ::jobexec::testing::Subprocess;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr size_t kMaxOutputBytes = 1'000'000;
constexpr absl::Duration kPatience = absl::Seconds(30);

constexpr char kConfig[] = R"(apiVersion: v2
actions:
  - name: A
    events: [{name: test.triggered}]
    tasks: [{name: t, image: alpine}]
)";
constexpr char kEvent[] = R"({"specversion":"1.0","id":"1","source":"s","shkeptncontext":"c",
  "type":"sh.keptn.event.test.triggered","data":{"project":"p","stage":"dev","service":"v"}})";

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    directory_.Write("config.yaml", kConfig);
    directory_.Write("event.json", kEvent);
    directory_.Write("a folder/file", "");
  }

  struct Result {
    int code = -1;
    std::string output;
  };

  // Runs a script in the test's folder; `jobexec` is in the PATH.
  Result RunShell(const std::string& shell, const std::string& script) {
    directory_.Write("script", absl::StrCat("cd '", directory_.path(), "'\n", script));
    const char* path = std::getenv("PATH");
    const std::string log = directory_.path() + "/output";
    const auto process = Subprocess::Start(
        {"/usr/bin/env", shell, directory_.path() + "/script"},
        {{"PATH", absl::StrCat(JOBEXEC_PROGRAM_FOLDER, ":", path == nullptr ? "" : path)},
         {"HOME", directory_.path()}},
        log);
    EXPECT_TRUE(process.ok()) << process.status();
    const auto code = (*process)->Stop(0, kPatience);
    EXPECT_TRUE(code.ok()) << code.status();
    return {code.value_or(-1), ReadFile(log, kMaxOutputBytes).value_or("")};
  }

  bool IsInstalled(const std::string& shell) {
    return RunShell("sh", "command -v " + shell).code == 0;
  }

  const testing::TempDirectory directory_;
};

TEST_F(ProgramTest, ReadsPipesAndStandardInput) {
  const Result result = RunShell(
      "bash",
      "set -e\njobexec lint - < config.yaml\ncat config.yaml | jobexec lint -\n"
      "jobexec lint <(cat config.yaml)\n"
      "jobexec render --event <(cat event.json) --config - < config.yaml | grep -c batch/v1");
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("config <stdin> is valid\n"), HasSubstr("\n1\n")));
}

TEST_F(ProgramTest, ErrorsGoToStandardErrorAndTheExitCode) {
  const Result result =
      RunShell("bash",
               "jobexec render --event none --config config.yaml 2>/dev/null\necho code $?\n"
               "jobexec lint none 2>/dev/null\necho code $?\njobexec\necho code $?");
  EXPECT_THAT(result.output, AllOf(::testing::StartsWith("code 1\n"), HasSubstr("could not read"),
                                   HasSubstr("code 2\n")));
}

TEST_F(ProgramTest, SaysIfItsOutputWasLost) {
  const Result result = RunShell("bash", "jobexec --version > /dev/full\necho code $?");
  EXPECT_THAT(result.output, AllOf(HasSubstr("could not be written"), HasSubstr("code 1\n")));
}

TEST_F(ProgramTest, CompletionInBash) {
  const Result result = RunShell("bash", R"sh(
source <(jobexec completion bash)
try() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _jobexec
  printf '%s:' "${COMPREPLY[@]}"
  echo
}
complete -p jobexec
try jobexec l
try jobexec lint con
try jobexec lint 'a f'
try jobexec lint --format ''
try jobexec lint --format = j
try jobexec lint --format =
try jobexec render --job-n
try jobexec completion z
)sh");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(
      result.output,
      "complete -F _jobexec jobexec\n"
      "lint:\nconfig.yaml:\na folder:\ntext:json:\njson:\ntext:json:\n--job-namespace:\nzsh:\n");
}

TEST_F(ProgramTest, CompletionInZsh) {
  if (!IsInstalled("zsh")) GTEST_SKIP() << "zsh is not installed";
  const Result result = RunShell("zsh", R"sh(
autoload -Uz compinit
compinit -u -d "$HOME/dump"
source <(jobexec completion zsh)
print -r -- "registered: ${_comps[jobexec]}"
# What the script hands to the completion system.
_describe() { local -a found; found=("${(@P)3}"); print -r -- "${(j:|:)found}" }
_files() { print files }
try() { local -a words=("$@"); local -i CURRENT=$#; _jobexec }
try jobexec l
try jobexec lint ''
try jobexec lint --format ''
try jobexec lint --format=j
)sh");
  EXPECT_EQ(result.output,
            "registered: _jobexec\nlint:Check job/config.yaml files\nfiles\ntext|json\n"
            "--format=json\n");
}

TEST_F(ProgramTest, CompletionInFish) {
  if (!IsInstalled("fish")) GTEST_SKIP() << "fish is not installed";
  const Result result = RunShell("fish", R"sh(
jobexec completion fish | source
complete -C 'jobexec l'
complete -C 'jobexec lint con'
complete -C 'jobexec lint --format '
complete -C 'jobexec lint --format=j'
)sh");
  EXPECT_EQ(result.output,
            "lint\tCheck job/config.yaml files\nconfig.yaml\ntext\njson\n--format=json\n");
}

}  // namespace
}  // namespace jobexec::cli
