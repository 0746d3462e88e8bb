#include "cli/commands.h"

#include <ostream>
#include <variant>

#include "cli/completion.h"

namespace jobexec::cli {
namespace {

int RunCompletion(const Arguments& arguments, const Console& console) {
  const std::string script =
      arguments.operands.size() == 1 ? CompletionScript(arguments.operands[0]) : "";
  if (script.empty()) {
    console.err << "jobexec completion: expected one SHELL: bash, zsh or fish\n";
    return kUsage;
  }
  console.out << script;
  return kSuccess;
}

int PrintCandidates(const Program& program, const std::vector<std::string>& words,
                    const Console& console) {
  for (const std::string& candidate : Complete(program, {words.begin() + 1, words.end()})) {
    console.out << candidate << "\n";
  }
  return kSuccess;
}

}  // namespace

Option FormatOption(const std::vector<std::string>& choices, const std::string& help) {
  return {.name = "--format", .help = help, .kind = ValueKind::kChoice, .choices = choices};
}

Option ColourOption() {
  return {.name = "--color",
          .help = "Colours: on a terminal unless NO_COLOR is set (auto), always or never",
          .value = "WHEN",
          .kind = ValueKind::kChoice,
          .choices = {"auto", "always", "never"}};
}

Command CompletionCommand() {
  return {.name = "completion",
          .summary = "Print the completion script of a shell",
          .examples =
              "  source <(jobexec completion bash)\n"
              "  source <(jobexec completion zsh)\n"
              "  jobexec completion fish | source\n",
          .operand = {.name = "SHELL",
                      .help = "bash, zsh or fish",
                      .kind = ValueKind::kChoice,
                      .choices = {"bash", "zsh", "fish"}},
          .run = RunCompletion};
}

Program JobexecProgram() {
  return {.name = "jobexec",
          .summary =
              "Checks a job/config.yaml, and shows which Jobs an event leads to and why.\n"
              "Needs no cluster and changes nothing.",
          .version = JOBEXEC_VERSION,
          .commands = {LintCommand(), RenderCommand(), ExplainCommand(), CompletionCommand()}};
}

int RunProgram(const std::vector<std::string>& words, const Console& console) {
  const Program program = JobexecProgram();
  if (!words.empty() && words.front() == kCompleteCommand) {
    return PrintCandidates(program, words, console);
  }
  const auto parsed = ParseArguments(program, words);
  if (const Exit* exit = std::get_if<Exit>(&parsed)) {
    console.out << exit->out;
    console.err << exit->err;
    return exit->code;
  }
  const Call& call = std::get<Call>(parsed);
  return call.command->run(call.arguments, console);
}

}  // namespace jobexec::cli
