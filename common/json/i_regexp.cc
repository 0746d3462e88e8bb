#include "common/json/i_regexp.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "re2/re2.h"

namespace jobexec::json {
namespace {

constexpr int64_t kMaxProgramBytes = int64_t{256} * 1024;  // some 4000 instructions

// Unicode's general categories: the first letter, then those that may follow it.
constexpr absl::string_view kCategories[] = {"Llmotu", "Mcen",  "Ndlo", "Pcdefios",
                                             "Zlps",   "Sckmo", "Ccfno"};

bool IsOneOf(char c, absl::string_view set) { return set.find(c) != absl::string_view::npos; }

// Checks the grammar from left to right and writes what RE2 reads the same way. Nothing recurses:
// a counter is all that groups need.
class Translator {
 public:
  explicit Translator(absl::string_view pattern) : rest_(pattern), size_(pattern.size()) {}

  absl::StatusOr<std::string> Translate() {
    while (!rest_.empty()) RETURN_IF_ERROR(TranslateNext());
    if (open_groups_ > 0) return Error("a group is not closed");
    return std::move(out_);
  }

 private:
  absl::Status TranslateNext();
  absl::Status OpenOrClose(char c);
  absl::Status Quantifier(char c);
  absl::Status Range();
  absl::Status Escape();
  absl::Status Category();
  absl::Status CharacterClass();
  absl::Status ClassMember();
  absl::Status ClassCharacter();

  char Peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  void Copy() {
    out_ += rest_.front();
    rest_.remove_prefix(1);
  }
  void CopyHyphen() {
    out_ += '\\';
    Copy();
  }
  absl::Status Error(absl::string_view problem) const {
    return absl::InvalidArgumentError(
        absl::StrCat("regular expression, byte ", size_ - rest_.size() + 1, ": ", problem));
  }

  absl::string_view rest_;
  const size_t size_;
  std::string out_;
  int open_groups_ = 0;
  bool after_atom_ = false;  // something that a quantifier can repeat stands just before
};

absl::Status Translator::TranslateNext() {
  const char c = Peek();
  if (c == '(' || c == ')') return OpenOrClose(c);
  if (IsOneOf(c, "*+?{")) return Quantifier(c);
  if (c == ']' || c == '}') return Error("unexpected bracket");
  after_atom_ = c != '|';
  if (c == '[') return CharacterClass();
  if (c == '\\') return Escape();
  if (c == '.') {
    out_ += "[^\\n\\r]";
    rest_.remove_prefix(1);
    return absl::OkStatus();
  }
  Copy();
  return absl::OkStatus();
}

absl::Status Translator::OpenOrClose(char c) {
  if (c == ')' && open_groups_ == 0) return Error("there is no group to close");
  open_groups_ += c == '(' ? 1 : -1;
  after_atom_ = c == ')';
  Copy();
  if (c == '(') out_ += "?:";
  return absl::OkStatus();
}

absl::Status Translator::Quantifier(char c) {
  if (!after_atom_) return Error("nothing to repeat");
  after_atom_ = false;
  if (c == '{') return Range();
  Copy();
  return absl::OkStatus();
}

// {2}, {2,} or {2,5}.
absl::Status Translator::Range() {
  Copy();
  if (!absl::ascii_isdigit(static_cast<unsigned char>(Peek()))) return Error("expected a number");
  while (absl::ascii_isdigit(static_cast<unsigned char>(Peek()))) Copy();
  if (Peek() == ',') Copy();
  while (absl::ascii_isdigit(static_cast<unsigned char>(Peek()))) Copy();
  if (Peek() != '}') return Error("expected '}'");
  Copy();
  return absl::OkStatus();
}

// One character behind a backslash, or a category.
absl::Status Translator::Escape() {
  Copy();
  if (Peek() == 'p' || Peek() == 'P') return Category();
  if (rest_.empty() || !IsOneOf(Peek(), "()*+-.?[\\]^nrt{|}")) return Error("unknown escape");
  Copy();
  return absl::OkStatus();
}

// p{Lu} or P{Lu}.
absl::Status Translator::Category() {
  Copy();
  if (Peek() != '{') return Error("expected '{'");
  Copy();
  for (const absl::string_view category : kCategories) {
    if (Peek() != category.front()) continue;
    Copy();
    if (Peek() != '}' && !rest_.empty() && IsOneOf(Peek(), category.substr(1))) Copy();
    if (Peek() != '}') break;
    Copy();
    return absl::OkStatus();
  }
  return Error("unknown category");
}

// [abc], [^a-z\p{L}], a hyphen for itself only at either end.
absl::Status Translator::CharacterClass() {
  Copy();
  if (Peek() == '^') Copy();
  if (Peek() == ']') return Error("a character class must not be empty");
  if (Peek() == '-') CopyHyphen();
  while (Peek() != ']' && Peek() != '-') RETURN_IF_ERROR(ClassMember());
  if (Peek() == '-') CopyHyphen();
  if (Peek() != ']') return Error("'-' must be the first or the last of a character class");
  Copy();
  return absl::OkStatus();
}

// A category, a character or a range.
absl::Status Translator::ClassMember() {
  if (absl::StartsWith(rest_, "\\p") || absl::StartsWith(rest_, "\\P")) return Escape();
  RETURN_IF_ERROR(ClassCharacter());
  if (Peek() != '-' || rest_.size() < 2 || rest_[1] == ']') return absl::OkStatus();
  Copy();
  return ClassCharacter();
}

// Bytes of longer characters pass one by one, which changes nothing.
absl::Status Translator::ClassCharacter() {
  if (rest_.empty()) return Error("the character class is not closed");
  if (IsOneOf(Peek(), "[]-")) return Error("expected a character");
  if (Peek() != '\\') {
    Copy();
    return absl::OkStatus();
  }
  if (rest_.size() > 1 && IsOneOf(rest_[1], "pP")) return Error("expected a character");
  return Escape();
}

}  // namespace

absl::StatusOr<std::string> TranslateIRegexp(absl::string_view pattern) {
  if (!IsValidUtf8(pattern)) return absl::InvalidArgumentError("regular expression: not UTF-8");
  return Translator(pattern).Translate();
}

std::shared_ptr<const re2::RE2> CompileIRegexp(absl::string_view pattern) {
  const absl::StatusOr<std::string> translated = TranslateIRegexp(pattern);
  if (!translated.ok()) return nullptr;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMaxProgramBytes);
  auto compiled = std::make_shared<const re2::RE2>(*translated, options);
  return compiled->ok() ? compiled : nullptr;
}

}  // namespace jobexec::json
