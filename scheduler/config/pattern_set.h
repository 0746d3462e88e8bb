// Many regular expressions against one text.
#pragma once

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace jobexec::scheduler {

// Searches a text for all its patterns in one pass, which costs little more than searching for one
// of them. Immutable, safe to use from several threads at once.
class PatternSet {
 public:
  using Patterns = std::vector<std::shared_ptr<const re2::RE2>>;

  // A pattern that is null keeps its position and is never found.
  explicit PatternSet(Patterns patterns);
  ~PatternSet();

  // By position: whether the pattern is found anywhere in `text`.
  std::vector<bool> Search(absl::string_view text) const;

 private:
  class OnePass;

  const Patterns patterns_;
  std::unique_ptr<const OnePass> one_pass_;  // null: the patterns together are beyond RE2's memory
};

}  // namespace jobexec::scheduler
