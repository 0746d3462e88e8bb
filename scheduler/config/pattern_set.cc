#include "scheduler/config/pattern_set.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <optional>
#include <utility>

#include "scheduler/config/event_filter.h"

namespace jobexec::scheduler {
namespace {

re2::RE2::Options Silent() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

}  // namespace

// All patterns as one automaton.
class PatternSet::OnePass {
 public:
  explicit OnePass(const Patterns& patterns)
      : set_(Silent(), re2::RE2::UNANCHORED), size_(patterns.size()) {
    for (size_t i = 0; i < patterns.size(); ++i) {
      if (patterns[i] == nullptr) continue;
      compiled_ = set_.Add(patterns[i]->pattern(), nullptr) >= 0 && compiled_;
      positions_.push_back(i);
    }
    compiled_ = compiled_ && set_.Compile();
  }

  bool compiled() const { return compiled_; }

  // None if the automaton outgrows its memory on this text.
  std::optional<std::vector<bool>> Search(absl::string_view text) const {
    std::vector<int> indices;
    re2::RE2::Set::ErrorInfo error{re2::RE2::Set::kNoError};
    if (!set_.Match({text.data(), text.size()}, &indices, &error) &&
        error.kind != re2::RE2::Set::kNoError) {
      return std::nullopt;
    }
    std::vector<bool> found(size_);
    for (const int index : indices) found[positions_[static_cast<size_t>(index)]] = true;
    return found;
  }

 private:
  re2::RE2::Set set_;
  size_t size_;
  std::vector<size_t> positions_;  // by index in set_
  bool compiled_ = true;
};

PatternSet::PatternSet(Patterns patterns) : patterns_(std::move(patterns)) {
  auto one_pass = std::make_unique<const OnePass>(patterns_);
  if (one_pass->compiled()) one_pass_ = std::move(one_pass);
}

PatternSet::~PatternSet() = default;

std::vector<bool> PatternSet::Search(absl::string_view text) const {
  if (one_pass_ != nullptr) {
    if (auto found = one_pass_->Search(text); found.has_value()) return *std::move(found);
  }
  std::vector<bool> found;
  for (const auto& pattern : patterns_) {
    found.push_back(pattern != nullptr && FindsType(*pattern, text));
  }
  return found;
}

}  // namespace jobexec::scheduler
