#include "scheduler/config/glob.h"

#include <re2/re2.h>

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/printable.h"
#include "common/base/utf8.h"

namespace jobexec::scheduler {
namespace {

// Translates a glob into a regular expression, which RE2 then matches in linear time.
class GlobTranslator {
 public:
  explicit GlobTranslator(absl::string_view pattern) : rest_(ToCodePoints(pattern)) {}

  absl::StatusOr<std::string> Translate() {
    while (!AtEnd()) {
      if (!TranslateNext()) return absl::InvalidArgumentError(fault_);
    }
    for (; open_braces_ > 0; --open_braces_) expression_ += ')';
    return std::move(expression_);
  }

 private:
  bool AtEnd() const { return next_ >= rest_.size(); }
  char32_t Take() { return rest_[next_++]; }
  bool TakeIf(char32_t c) {
    if (AtEnd() || rest_[next_] != c) return false;
    ++next_;
    return true;
  }

  void AppendLiteral(char32_t c) {
    std::string text;
    AppendUtf8(c, text);
    expression_ += re2::RE2::QuoteMeta(text);
  }

  bool TranslateNext() {
    const char32_t c = Take();
    if (c == '*') {
      expression_ += ".*";
    } else if (c == '?') {
      expression_ += '.';
    } else if (c == '[') {
      return TranslateClass();
    } else if (c == '{') {
      ++open_braces_;
      expression_ += "(?:";
    } else if (c == '}' && open_braces_ > 0) {
      --open_braces_;
      expression_ += ')';
    } else if (c == ',' && open_braces_ > 0) {
      expression_ += '|';
    } else if (c != '\\') {
      AppendLiteral(c);
    } else if (!AtEnd()) {
      AppendLiteral(Take());
    }
    return true;
  }

  // After "[": either one range "a-c" or a list of characters, then "]".
  bool TranslateClass() {
    const bool negated = TakeIf('!');
    const std::optional<std::string> content =
        next_ + 1 < rest_.size() && rest_[next_ + 1] == '-' ? TakeRange() : TakeList();
    if (!content.has_value()) return false;
    if (!TakeIf(']')) return Fail("a character class without \"]\"");
    absl::StrAppend(&expression_, negated ? "[^" : "[", *content, "]");
    return true;
  }

  std::optional<std::string> TakeRange() {
    const char32_t low = Take();
    next_ += 1;  // "-"
    if (AtEnd()) return Fail("a character class without \"]\""), std::nullopt;
    const char32_t high = Take();
    if (high < low) return Fail("a character range that runs backwards"), std::nullopt;
    return absl::StrCat(Escaped(low), "-", Escaped(high));
  }

  std::optional<std::string> TakeList() {
    std::string content;
    while (!AtEnd() && rest_[next_] != ']') {
      if (TakeIf('\\') && AtEnd()) break;
      content += Escaped(Take());
    }
    if (content.empty()) return Fail("an empty character class"), std::nullopt;
    return content;
  }

  // A character as it may stand in a class of a regular expression.
  static std::string Escaped(char32_t c) {
    return absl::StrCat("\\x{", absl::Hex(static_cast<uint32_t>(c)), "}");
  }

  bool Fail(const char* fault) {
    fault_ = fault;
    return false;
  }

  const std::u32string rest_;
  size_t next_ = 0;
  int open_braces_ = 0;
  std::string expression_;
  const char* fault_ = "";
};

}  // namespace

Glob::Glob(std::shared_ptr<const re2::RE2> expression) : expression_(std::move(expression)) {}

absl::StatusOr<Glob> Glob::Compile(absl::string_view pattern) {
  const auto describe = [pattern](absl::string_view fault) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", Printable(pattern), "\" is no glob pattern: it has ", fault));
  };
  const absl::StatusOr<std::string> translated = GlobTranslator(pattern).Translate();
  if (!translated.ok()) return describe(translated.status().message());
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  auto expression = std::make_shared<const re2::RE2>(*translated, options);
  if (!expression->ok()) return describe(absl::StrCat("a fault: ", expression->error()));
  return Glob(std::move(expression));
}

bool Glob::Matches(absl::string_view text) const {
  // RE2 itself would take surrogates, which are no UTF-8, for characters.
  return IsValidUtf8(text) &&
         re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *expression_);
}

}  // namespace jobexec::scheduler
