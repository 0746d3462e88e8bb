// Whole commands, in this process.
#include "cli/commands.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/temp_directory.h"

namespace jobexec::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kValid[] = R"(apiVersion: v2
actions:
  - name: A
    events: [{name: test.triggered}]
    tasks: [{name: t, image: alpine}]
)";
constexpr char kPrivileged[] = R"(apiVersion: v2
actions:
  - name: A
    events: [{name: test.triggered}]
    tasks: [{name: t, image: alpine, securityContext: {privileged: y, allowPrivilegeEscalation: y}}]
)";
constexpr char kEvent[] = R"({"specversion":"1.0","id":"1","source":"s","shkeptncontext":"c",
  "type":"sh.keptn.event.test.triggered","data":{"project":"p","stage":"dev","service":"v"}})";

struct Result {
  int code;
  std::string out;
  std::string err;
};

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() {
    directory_.Write("valid.yaml", kValid);
    directory_.Write("privileged.yaml", kPrivileged);
    directory_.Write("broken.yaml", "apiVersion: v1\n");
    directory_.Write("regex.yaml",
                     "apiVersion: v2\nactions: [{name: a, events: [{name: \"(\"}, {name: b}], "
                     "tasks: [{name: t, image: i}]}]\n");
    directory_.Write("event.json", kEvent);
  }

  // A word that ends in .yaml or .json is a file of the test.
  Result Run(std::vector<std::string> words, const std::string& input = "",
             const config::Environment& environment = {}) {
    for (std::string& word : words) {
      const std::string end = word.size() > 5 ? word.substr(word.size() - 5) : "";
      if (end == ".yaml" || end == ".json") word = directory_.path() + "/" + word;
    }
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = RunProgram(words, {in, out, err, environment});
    return {code, out.str(), err.str()};
  }

  const testing::TempDirectory directory_;
};

TEST_F(CommandsTest, LintExitCodesAreThoseOfTheOriginal) {
  struct Case {
    const char* name;
    std::vector<std::string> words;
    int code;
  };
  const Case kCases[] = {
      {"no file", {"lint"}, 1},
      {"unreadable", {"lint", "none.yaml"}, 1},
      {"invalid", {"lint", "broken.yaml"}, 1},
      {"privileged", {"lint", "privileged.yaml"}, 1},
      {"privileged, allowed", {"lint", "-allow-privileged-jobs", "privileged.yaml"}, 0},
      {"privileged, true", {"lint", "-allow-privileged-jobs=true", "privileged.yaml"}, 0},
      {"privileged, false", {"lint", "-allow-privileged-jobs=false", "privileged.yaml"}, 1},
      {"no bool", {"lint", "-allow-privileged-jobs=maybe", "privileged.yaml"}, 2},
      {"unknown option", {"lint", "--nonsense", "valid.yaml"}, 2},
      {"help", {"lint", "-h"}, 0},
      {"valid", {"lint", "valid.yaml"}, 0},
      {"findings", {"lint", "regex.yaml"}, 1},
      {"findings, but only the parser counts", {"lint", "--parser-only", "regex.yaml"}, 0},
      {"parser", {"lint", "--parser-only", "broken.yaml"}, 1},
      {"one of several", {"lint", "valid.yaml", "broken.yaml", "valid.yaml"}, 1},
  };
  for (const Case& c : kCases) EXPECT_EQ(Run(c.words).code, c.code) << c.name;
}

TEST_F(CommandsTest, LintSaysWhichFileIsValid) {
  const Result result = Run({"lint", "valid.yaml", "broken.yaml", "-"}, kValid);

  EXPECT_THAT(result.out, AllOf(HasSubstr("/valid.yaml is valid\n"),
                                HasSubstr("/broken.yaml:1:13: error: apiVersion v1 is not"),
                                HasSubstr("config <stdin> is valid\n")));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(CommandsTest, LintNamesWhatCannotBeRead) {
  EXPECT_THAT(Run({"lint", "none.yaml"}).out,
              HasSubstr("none.yaml: error: could not read job config: No such file"));
}

TEST_F(CommandsTest, LintTakesTheAllowListFromOptionOrVariable) {
  for (const char* option : {"--image-allow-list", "--allowed-image-list"}) {
    EXPECT_EQ(Run({"lint", option, "docker.io/*", "valid.yaml"}).code, 1) << option;
    EXPECT_EQ(Run({"lint", option, "alpine", "valid.yaml"}).code, 0) << option;
  }
  const config::Environment environment = {{"ALLOWED_IMAGE_LIST", "docker.io/*"}};
  EXPECT_EQ(Run({"lint", "valid.yaml"}, "", environment).code, 1);
  EXPECT_EQ(Run({"lint", "--image-allow-list=*", "valid.yaml"}, "", environment).code, 0);
  EXPECT_THAT(Run({"lint", "--image-allow-list", "[", "valid.yaml"}).err,
              HasSubstr("ALLOWED_IMAGE_LIST"));
}

TEST_F(CommandsTest, LintAsJson) {
  const Result result = Run({"lint", "--format", "json", "regex.yaml", "valid.yaml"});

  EXPECT_EQ(result.code, 1);
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report["errors"], 1);
  EXPECT_EQ(report["files"][0]["findings"][0]["rule"], "event-name");
  EXPECT_EQ(report["files"][1]["valid"], true);
}

TEST_F(CommandsTest, LintInColour) {
  EXPECT_THAT(Run({"lint", "--color", "always", "valid.yaml"}).out, HasSubstr("\033[32mvalid"));
  EXPECT_THAT(Run({"lint", "valid.yaml"}).out, Not(HasSubstr("\033")));
}

TEST_F(CommandsTest, RenderPrintsTheJobs) {
  const Result result = Run({"render", "--event", "event.json", "--config", "valid.yaml",
                             "--job-namespace", "jobs", "--installation-id=me"});

  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out,
              AllOf(StartsWith("---\n# action \"A\", task \"t\": created last, runs at once\n"
                               "apiVersion: batch/v1\nkind: Job\n"),
                    HasSubstr("namespace: jobs\n"), HasSubstr("jobexec.dev/installation: me\n")));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(CommandsTest, RenderAsJsonFromStandardInput) {
  const Result result =
      Run({"render", "--event", "-", "--config", "valid.yaml", "--format", "json"}, kEvent,
          {{"JOB_NAMESPACE", "jobs"}});

  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(nlohmann::json::parse(result.out)["metadata"]["namespace"], "jobs");
}

TEST_F(CommandsTest, WhatRenderRefuses) {
  struct Case {
    const char* name;
    std::vector<std::string> words;
    int code;
    const char* error;
  };
  const Case kCases[] = {
      {"no config", {"render", "--event", "event.json"}, 2, "--config is required"},
      {"both from standard input",
       {"render", "--event", "-", "--config", "-"},
       2,
       "only one of --event and --config"},
      {"no event",
       {"render", "--event", "none.json", "--config", "valid.yaml"},
       1,
       "none.json: No such file"},
      {"both bad",
       {"render", "--event", "valid.yaml", "--config", "broken.yaml"},
       1,
       "broken.yaml:1:13: apiVersion v1"},
      {"no match",
       {"render", "--event", "event.json", "--config", "valid.yaml", "--type", "other"},
       1,
       "no Jobs: no action of job/config.yaml matches type other"},
      {"refused",
       {"render", "--event", "event.json", "--config", "privileged.yaml"},
       1,
       "refused: task 't': privileged containers are not allowed"},
      {"wrong setting",
       {"render", "--event", "event.json", "--config", "valid.yaml", "--task-deadline-seconds",
        "x"},
       2,
       "TASK_DEADLINE_SECONDS is \"x\""},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const Result result = Run(c.words);
    EXPECT_EQ(result.code, c.code);
    EXPECT_THAT(result.err, HasSubstr(c.error));
  }
}

TEST_F(CommandsTest, RenderSaysWhatItCompleted) {
  const Result result =
      Run({"render", "--event", "-", "--config", "valid.yaml", "--default-project", "p"},
          R"({"type":"test.triggered","data":{"stage":"s","service":"v"}})");

  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("note: <stdin>: id is missing"),
                                HasSubstr("data.project is missing; taking \"p\"")));
}

TEST_F(CommandsTest, Explain) {
  const Result result = Run({"explain", "--event", "event.json", "--config", "valid.yaml"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("valid.yaml:3:5): matches"));

  EXPECT_EQ(Run({"explain", "--event", "event.json", "--config", "valid.yaml", "--type", "x"}).code,
            0);
  EXPECT_EQ(Run({"explain", "--event", "event.json", "--config", "broken.yaml"}).code, 1);
}

TEST_F(CommandsTest, Completion) {
  EXPECT_THAT(Run({"completion", "bash"}).out, HasSubstr("complete -F _jobexec jobexec"));
  EXPECT_EQ(Run({"completion"}).code, 2);
  EXPECT_EQ(Run({"completion", "tcsh"}).code, 2);
  EXPECT_EQ(Run({"__complete", "lint", "--format", ""}).out, "text\njson\n");
}

TEST_F(CommandsTest, EveryCommandHasExamplesInItsHelp) {
  for (const Command& command : JobexecProgram().commands) {
    SCOPED_TRACE(command.name);
    const Result result = Run({command.name, "--help"});
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("\nExamples:\n  "));
  }
  EXPECT_THAT(Run({"--version"}).out, StartsWith("jobexec "));
}

}  // namespace
}  // namespace jobexec::cli
