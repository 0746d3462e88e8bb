#include "scheduler/config/glob.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "scheduler/config/image_allowlist.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

// One step of a glob without braces: a set of characters, or any number of any.
struct Step {
  bool any_number = false;
  bool negated = false;
  std::vector<std::pair<char32_t, char32_t>> ranges;

  bool Takes(char32_t c) const {
    for (const auto& [low, high] : ranges) {
      if (low <= c && c <= high) return !negated;
    }
    return negated;
  }
};

// Of a pattern that Glob has accepted, so that each class has an end.
class Reader {
 public:
  explicit Reader(absl::string_view pattern) : pattern_(ToCodePoints(pattern)) {}

  std::vector<Step> Read() {
    std::vector<Step> steps;
    while (next_ < pattern_.size()) ReadStep(steps);
    return steps;
  }

 private:
  void ReadStep(std::vector<Step>& steps) {
    const char32_t c = pattern_[next_++];
    if (c == '*') {
      steps.push_back({.any_number = true});
    } else if (c == '?') {
      steps.push_back({.negated = true});
    } else if (c == '[') {
      steps.push_back(ReadClass());
    } else if (c != '\\') {
      steps.push_back({.ranges = {{c, c}}});
    } else if (next_ < pattern_.size()) {
      steps.push_back({.ranges = {{pattern_[next_], pattern_[next_]}}});
      ++next_;
    }
  }

  Step ReadClass() {
    Step step;
    if (pattern_[next_] == '!') {
      step.negated = true;
      ++next_;
    }
    if (pattern_[next_ + 1] == '-') {
      step.ranges.emplace_back(pattern_[next_], pattern_[next_ + 2]);
      next_ += 3;
    }
    for (; pattern_[next_] != ']'; ++next_) {
      if (pattern_[next_] == '\\') ++next_;
      step.ranges.emplace_back(pattern_[next_], pattern_[next_]);
    }
    ++next_;
    return step;
  }

  const std::u32string pattern_;
  size_t next_ = 0;
};

// The slow way: which steps may come next, character by character.
bool MatchesSlowly(const std::vector<Step>& steps, const std::u32string& text) {
  std::vector<bool> reached(steps.size() + 1);
  const auto skip_any_numbers = [&] {
    for (size_t i = 0; i < steps.size(); ++i) {
      if (reached[i] && steps[i].any_number) reached[i + 1] = true;
    }
  };
  reached[0] = true;
  skip_any_numbers();
  for (const char32_t c : text) {
    std::vector<bool> next(steps.size() + 1);
    for (size_t i = 0; i < steps.size(); ++i) {
      if (!reached[i]) continue;
      if (steps[i].any_number) next[i] = true;
      if (!steps[i].any_number && steps[i].Takes(c)) next[i + 1] = true;
    }
    reached = std::move(next);
    skip_any_numbers();
  }
  return reached.back();
}

std::string Escaped(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (absl::string_view("*?[]{},!\\").find(c) != absl::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

absl::Status CheckText(const scheduler::Glob& glob, absl::string_view pattern,
                       absl::string_view text) {
  const bool matches = glob.Matches(text);
  if (!IsValidUtf8(text)) return Require(!matches, "only UTF-8 matches");
  const auto literal = scheduler::Glob::Compile(Escaped(text));
  RETURN_IF_ERROR(
      Require(literal.ok() && literal->Matches(text), "an escaped text matches itself"));
  const bool has_braces = pattern.find('{') != absl::string_view::npos;
  if (has_braces) return absl::OkStatus();
  return Require(matches == MatchesSlowly(Reader(pattern).Read(), ToCodePoints(text)),
                 "a glob matches what its steps do");
}

absl::Status CheckAllowlist(absl::string_view list, absl::string_view image) {
  const auto allowlist = scheduler::ImageAllowlist::Parse(list);
  if (!allowlist.ok()) return RequireReadable(allowlist.status().message());
  const auto any = scheduler::ImageAllowlist::Parse(absl::StrCat(list, ",*"));
  return Require(any.ok() && any->Allows(image), "\"*\" allows everything");
}

}  // namespace

absl::Status FuzzGlob(absl::string_view input) {
  const std::vector<absl::string_view> lines = absl::StrSplit(input, '\n');
  const absl::string_view pattern = lines[0];
  const auto glob = scheduler::Glob::Compile(pattern);
  if (!glob.ok()) RETURN_IF_ERROR(RequireReadable(glob.status().message()));
  for (size_t i = 1; glob.ok() && i < lines.size(); ++i) {
    RETURN_IF_ERROR(CheckText(*glob, pattern, lines[i]));
  }
  return CheckAllowlist(pattern, lines.back());
}

}  // namespace jobexec::fuzz
