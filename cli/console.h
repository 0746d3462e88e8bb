// What a command sees of the process that runs it.
#pragma once

#include <iosfwd>
#include <string>

#include "absl/strings/string_view.h"
#include "common/config/settings.h"

namespace jobexec::cli {

// Exit codes.
inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;  // the input has errors, or nothing would run
inline constexpr int kUsage = 2;    // wrong arguments or settings

// Refers to the caller's streams.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const config::Environment& environment;
  bool is_terminal = false;  // `out` is one
};

// Text with the colours of terminals, or unchanged.
class Colours {
 public:
  explicit Colours(bool on) : on_(on) {}

  // `mode` is auto, always or never. auto: on a terminal, unless NO_COLOR is set and not empty or
  // TERM is dumb.
  Colours(absl::string_view mode, const Console& console);

  std::string Red(absl::string_view text) const { return Paint("31", text); }
  std::string Green(absl::string_view text) const { return Paint("32", text); }
  std::string Yellow(absl::string_view text) const { return Paint("33", text); }
  std::string Bold(absl::string_view text) const { return Paint("1", text); }

 private:
  std::string Paint(absl::string_view code, absl::string_view text) const;

  bool on_;
};

}  // namespace jobexec::cli
