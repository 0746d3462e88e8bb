#include "cli/arguments.h"

#include <gmock/gmock.h>

namespace jobexec::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Program TestProgram() {
  return {.name = "prog",
          .summary = "Does things",
          .version = "9.8",
          .commands = {{.name = "check",
                        .summary = "Checks",
                        .examples = "  prog check x\n",
                        .options = {{.name = "--format",
                                     .help = "Format",
                                     .kind = ValueKind::kChoice,
                                     .choices = {"text", "json"}},
                                    {.name = "--allow-privileged-jobs",
                                     .help = "Allow",
                                     .is_switch = true,
                                     .variable = "ALLOW"},
                                    {.name = "--only", .help = "O", .is_switch = true},
                                    {.name = "--list",
                                     .help = "List",
                                     .alias = "--other-list",
                                     .variable = "LIST"}},
                        .operand = {.name = "FILE", .help = "file"}},
                       {.name = "show",
                        .summary = "Shows",
                        .options = {{.name = "--event", .help = "E", .is_required = true}}}}};
}

Call ParseCall(const Program& program, const std::vector<std::string>& words) {
  const auto parsed = ParseArguments(program, words);
  const Call* call = std::get_if<Call>(&parsed);
  if (call != nullptr) return *call;
  ADD_FAILURE() << std::get<Exit>(parsed).err;
  return {};
}

Exit ParseExit(const std::vector<std::string>& words) {
  const Program program = TestProgram();
  const auto parsed = ParseArguments(program, words);
  const Exit* exit = std::get_if<Exit>(&parsed);
  return exit == nullptr ? Exit{.code = -1} : *exit;
}

TEST(Arguments, OptionsOperandsAndVariables) {
  const Program program = TestProgram();

  const Call call =
      ParseCall(program, {"check", "a", "--format", "json", "-", "--other-list=x,y", "b"});

  EXPECT_EQ(call.command, &program.commands[0]);
  EXPECT_THAT(call.arguments.operands, ElementsAre("a", "-", "b"));
  EXPECT_THAT(call.arguments.values,
              UnorderedElementsAre(Pair("--format", "json"), Pair("--list", "x,y")));
  EXPECT_THAT(call.arguments.variables, UnorderedElementsAre(Pair("LIST", "x,y")));
  EXPECT_EQ(call.arguments.Value("--absent", "fallback"), "fallback");
  EXPECT_FALSE(call.arguments.IsOn("--only"));
  EXPECT_TRUE(ParseCall(program, {"check", "--only"}).arguments.IsOn("--only"));
}

TEST(Arguments, TheOriginalsSpellingOfTheSwitch) {
  struct Case {
    std::vector<std::string> words;
    const char* value;
  };
  const Case kCases[] = {
      {{"check", "-allow-privileged-jobs", "f"}, "true"},
      {{"check", "--allow-privileged-jobs", "f"}, "true"},
      {{"check", "-allow-privileged-jobs=true", "f"}, "true"},
      {{"check", "-allow-privileged-jobs=F", "f"}, "F"},
      {{"check", "--allow-privileged-jobs=0", "f"}, "0"},
  };
  const Program program = TestProgram();
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.words[1]);
    const Call call = ParseCall(program, c.words);
    EXPECT_EQ(call.arguments.Value("--allow-privileged-jobs"), c.value);
    EXPECT_EQ(call.arguments.variables.at("ALLOW"), c.value);
    EXPECT_THAT(call.arguments.operands, ElementsAre("f"));
  }
}

TEST(Arguments, HelpHasOptionsAndExamples) {
  for (const char* help : {"--help", "-h", "-help"}) {
    SCOPED_TRACE(help);
    const Exit exit = ParseExit({"check", help});
    EXPECT_EQ(exit.code, kSuccess);
    EXPECT_THAT(exit.out, AllOf(HasSubstr("--format"), HasSubstr("--other-list"),
                                HasSubstr("Or variable LIST"), HasSubstr("prog check x")));
    EXPECT_THAT(exit.err, IsEmpty());
  }
  EXPECT_THAT(ParseExit({"--help"}).out, AllOf(HasSubstr("check"), HasSubstr("Shows")));
  EXPECT_EQ(ParseExit({"--version"}).out, "prog 9.8\n");
}

TEST(Arguments, WrongOnesAreNamed) {
  struct Case {
    std::vector<std::string> words;
    const char* fault;
  };
  const Case kCases[] = {
      {{}, "subcommand is required"},
      {{"nonsense"}, "there is no command \"nonsense\"; expected one of check, show"},
      {{"check", "--wrong"}, "--wrong"},
      {{"check", "--format", "xml"}, "xml"},
      {{"check", "--format"}, "--format"},
      {{"show"}, "--event is required"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.fault);
    const Exit exit = ParseExit(c.words);
    EXPECT_EQ(exit.code, kUsage);
    EXPECT_THAT(exit.err, HasSubstr(c.fault));
    EXPECT_THAT(exit.out, IsEmpty());
  }
}

}  // namespace
}  // namespace jobexec::cli
