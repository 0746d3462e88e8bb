#include "cli/completion.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace jobexec::cli {
namespace {

constexpr char kBash[] =
    R"(# Completion of jobexec for bash. Load it with: source <(jobexec completion bash)
_jobexec() {
  local current=${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $current == '=' ]]; then current=; fi
    if [[ $line == ':files' ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _jobexec jobexec
)";

constexpr char kZsh[] = R"(#compdef jobexec
# Completion of jobexec for zsh. Load it with: source <(jobexec completion zsh)
_jobexec() {
  local line
  local -a candidates
  local -i files=0
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ':files' ]]; then
      files=1
    elif [[ -n $line ]]; then
      line=${line//:/\\:}
      candidates+=("${line/$'\t'/:}")
    fi
  done
  (( ${#candidates} )) && _describe -V jobexec candidates
  (( files )) && _files
}
if [[ ${funcstack[1]} == _jobexec ]]; then
  _jobexec "$@"
else
  compdef _jobexec jobexec
fi
)";

constexpr char kFish[] =
    R"(# Completion of jobexec for fish. Load it with: jobexec completion fish | source
function __jobexec_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c jobexec -f -k -a '(__jobexec_complete)'
)";

// Collects the candidates that begin with what is typed already.
class Candidates {
 public:
  explicit Candidates(absl::string_view typed) : typed_(typed) {}

  void Add(absl::string_view word, absl::string_view meaning = "") {
    if (!absl::StartsWith(word, typed_)) return;
    found_.push_back(meaning.empty() ? std::string(word) : absl::StrCat(word, "\t", meaning));
  }

  // The values of an option, with `before` in front of each.
  void AddValues(const Option& option, absl::string_view before = "") {
    for (const std::string& choice : option.choices) Add(absl::StrCat(before, choice));
    if (option.kind == ValueKind::kFile && before.empty()) found_.push_back(kFilesCandidate);
  }

  std::vector<std::string> Take() { return std::move(found_); }

 private:
  const absl::string_view typed_;
  std::vector<std::string> found_;
};

const Command* FindCommand(const Program& program, const std::vector<std::string>& words) {
  const auto word = std::find_if(words.begin(), words.end() - 1, [](const std::string& candidate) {
    return !absl::StartsWith(candidate, "-");
  });
  const auto command =
      std::find_if(program.commands.begin(), program.commands.end(),
                   [&](const Command& candidate) { return candidate.name == *word; });
  return word == words.end() - 1 || command == program.commands.end() ? nullptr : &*command;
}

// The option of that name if it takes a value.
const Option* FindValued(const Command& command, absl::string_view name) {
  for (const Option& option : command.options) {
    if (!option.is_switch && (option.name == name || option.alias == name)) return &option;
  }
  return nullptr;
}

std::vector<std::string> CompleteFirst(const Program& program, absl::string_view typed) {
  Candidates candidates(typed);
  for (const Command& command : program.commands) candidates.Add(command.name, command.summary);
  if (absl::StartsWith(typed, "-")) {
    candidates.Add("--help", "Print the help");
    candidates.Add("--version", "Print the version");
  }
  return candidates.Take();
}

std::vector<std::string> CompleteIn(const Command& command, const std::string& before,
                                    const std::string& typed) {
  Candidates candidates(typed);
  const size_t equals = typed.find('=');
  if (const Option* option = FindValued(command, before); option != nullptr) {
    candidates.AddValues(*option);
  } else if (absl::StartsWith(typed, "--") && equals != std::string::npos) {
    const Option* named = FindValued(command, typed.substr(0, equals));
    if (named != nullptr) candidates.AddValues(*named, typed.substr(0, equals + 1));
  } else if (absl::StartsWith(typed, "-") || command.operand.name.empty()) {
    for (const Option& named : command.options) candidates.Add(named.name, named.help);
    candidates.Add("--help", "Print the help");
  } else {
    candidates.AddValues(command.operand);
  }
  return candidates.Take();
}

}  // namespace

std::vector<std::string> Complete(const Program& program, std::vector<std::string> words) {
  if (words.empty()) words.emplace_back();
  const Command* command = FindCommand(program, words);
  if (words.size() == 1) return CompleteFirst(program, words.front());
  if (command == nullptr) return {};
  if (words.back() == "=") words.emplace_back();
  std::string typed = words.back();
  words.pop_back();
  if (words.back() == "=") words.pop_back();
  return CompleteIn(*command, words.back(), typed);
}

std::string CompletionScript(absl::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return "";
}

}  // namespace jobexec::cli
