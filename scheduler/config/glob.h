// Glob patterns as the original's image allow-list has them.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace jobexec::scheduler {

// "*" and "**" match any text, "?" one character, "[ab]", "[a-c]" and "[!a]" one of (or none of)
// the characters, "{a,b}" one of the alternatives (an unclosed "{" ends with the pattern), "\"
// takes the next character literally. Nothing is a separator. Matches in linear time. Immutable;
// copies share the compiled pattern and may be used from any thread.
class Glob {
 public:
  // INVALID_ARGUMENT says what is wrong with a character class (the only fault there is).
  static absl::StatusOr<Glob> Compile(absl::string_view pattern);

  // True if the pattern describes the whole text. Text that is not UTF-8 never matches.
  bool Matches(absl::string_view text) const;

 private:
  explicit Glob(std::shared_ptr<const re2::RE2> expression);

  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace jobexec::scheduler
