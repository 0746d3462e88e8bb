// Commands as data: what --help, the parser and shell completion know of them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/console.h"

namespace jobexec::cli {

// What a value is, for completion.
enum class ValueKind { kText, kFile, kChoice };

struct Option {
  std::string name;  // "--format"
  std::string help;
  std::string value = "TEXT";  // how --help calls the value
  ValueKind kind = ValueKind::kText;
  std::vector<std::string> choices = {};
  bool is_switch = false;  // needs no value, but takes "=false" and the like
  bool is_required = false;
  std::string alias = {};     // another name
  std::string variable = {};  // environment variable that the option replaces
};

// The options and operands of one call.
class Arguments {
 public:
  std::map<std::string, std::string> values;     // by name of the option
  std::map<std::string, std::string> variables;  // by variable, of options that replace one
  std::vector<std::string> operands;

  bool IsOn(const std::string& a_switch) const { return Value(a_switch) == "true"; }
  std::string Value(const std::string& name, absl::string_view fallback = "") const;
};

struct Command {
  std::string name;
  std::string summary;   // one line
  std::string examples;  // lines below the options in --help
  std::vector<Option> options;
  // What stands behind the options, e.g. a FILE; without a name there is nothing.
  Option operand = {};
  std::function<int(const Arguments&, const Console&)> run;
};

struct Program {
  std::string name;
  std::string summary;
  std::string version;
  std::vector<Command> commands;
};

// A call of one command.
struct Call {
  const Command* command = nullptr;
  Arguments arguments;
};

// The program is to end at once: --help, --version or a wrong argument.
struct Exit {
  int code = kSuccess;
  std::string out;
  std::string err;
};

// `words` are the arguments without the program's name. The Call points into `program`.
std::variant<Call, Exit> ParseArguments(const Program& program,
                                        const std::vector<std::string>& words);

}  // namespace jobexec::cli
