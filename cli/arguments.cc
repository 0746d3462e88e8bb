#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <list>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace jobexec::cli {
namespace {

// Where the parser puts the value of one option.
struct Slot {
  const Option* meaning = nullptr;
  CLI::Option* option = nullptr;
  std::string value;
};

// A command in the parser. Not copied: the parser points into it.
struct ParserCommand {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::list<Slot> slots;
  std::vector<std::string> operands;
};

std::string HelpText(const Option& option) {
  return option.variable.empty() ? option.help
                                 : absl::StrCat(option.help, "\nOr variable ", option.variable);
}

void AddOption(const Option& option, ParserCommand& target) {
  Slot& slot = target.slots.emplace_back();
  slot.meaning = &option;
  const std::string names =
      option.alias.empty() ? option.name : absl::StrCat(option.name, ",", option.alias);
  if (option.is_switch) {
    slot.option = target.app->add_flag(names, slot.value, HelpText(option));
    slot.option->disable_flag_override(option.variable.empty());
    return;
  }
  slot.option = target.app->add_option(names, slot.value, HelpText(option));
  slot.option->type_name(option.value)->required(option.is_required);
  if (option.kind == ValueKind::kChoice) slot.option->check(CLI::IsMember(option.choices));
}

void AddCommand(const Command& command, CLI::App& app, ParserCommand& target) {
  target.command = &command;
  target.app = app.add_subcommand(command.name, command.summary);
  target.app->footer(absl::StrCat("Examples:\n", command.examples));
  for (const Option& option : command.options) AddOption(option, target);
  if (!command.operand.name.empty()) {
    target.app->add_option(command.operand.name, target.operands, command.operand.help)
        ->type_name("")
        ->expected(0, CLI::detail::expected_max_vector_size);
  }
}

// The original's spelling of long options has one dash.
std::string WithTwoDashes(const std::string& word) {
  const bool is_old = word == "-help" || word == "-allow-privileged-jobs" ||
                      absl::StartsWith(word, "-allow-privileged-jobs=");
  return is_old ? absl::StrCat("-", word) : word;
}

Call ToCall(ParserCommand& parsed) {
  Call call;
  call.command = parsed.command;
  call.arguments.operands = std::move(parsed.operands);
  for (Slot& slot : parsed.slots) {
    if (slot.option->count() == 0) continue;
    const Option& meaning = *slot.meaning;
    call.arguments.values[meaning.name] = slot.value;
    if (!meaning.variable.empty()) call.arguments.variables[meaning.variable] = slot.value;
  }
  return call;
}

Exit ToExit(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = app.exit(error, out, err);
  return {.code = code == 0 ? kSuccess : kUsage, .out = out.str(), .err = err.str()};
}

// The library would only say that a command is missing.
Exit UnknownCommand(const Program& program, const std::string& word) {
  const std::string known = absl::StrJoin(
      program.commands, ", ",
      [](std::string* out, const Command& command) { absl::StrAppend(out, command.name); });
  return {.code = kUsage,
          .err = absl::StrCat("there is no command \"", word, "\"; expected one of ", known, "\n")};
}

bool IsCommand(const Program& program, const std::string& word) {
  return std::any_of(program.commands.begin(), program.commands.end(),
                     [&](const Command& command) { return command.name == word; });
}

}  // namespace

std::string Arguments::Value(const std::string& name, absl::string_view fallback) const {
  const auto found = values.find(name);
  return found == values.end() ? std::string(fallback) : found->second;
}

std::variant<Call, Exit> ParseArguments(const Program& program,
                                        const std::vector<std::string>& words) {
  if (!words.empty() && !absl::StartsWith(words.front(), "-") &&
      !IsCommand(program, words.front())) {
    return UnknownCommand(program, words.front());
  }
  CLI::App app(program.summary, program.name);
  app.set_version_flag("--version", absl::StrCat(program.name, " ", program.version));
  app.require_subcommand(1);
  std::list<ParserCommand> commands;
  for (const Command& command : program.commands) AddCommand(command, app, commands.emplace_back());
  // The parser wants them in reverse.
  std::vector<std::string> reversed;
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    reversed.push_back(WithTwoDashes(*word));
  }
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return ToExit(app, error);
  }
  for (ParserCommand& command : commands) {
    if (command.app->parsed()) return ToCall(command);
  }
  return Exit{.code = kUsage};
}

}  // namespace jobexec::cli
