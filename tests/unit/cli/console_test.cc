#include "cli/console.h"

#include <gtest/gtest.h>

#include <sstream>

namespace jobexec::cli {
namespace {

struct Case {
  const char* name;
  const char* mode;
  bool is_terminal;
  config::Environment environment;
  bool coloured;
};

TEST(Colours, OnATerminalUnlessSomebodyObjects) {
  const Case kCases[] = {
      {"terminal", "auto", true, {}, true},
      {"pipe", "auto", false, {}, false},
      {"NO_COLOR", "auto", true, {{"NO_COLOR", "1"}}, false},
      {"empty NO_COLOR", "auto", true, {{"NO_COLOR", ""}}, true},
      {"dumb terminal", "auto", true, {{"TERM", "dumb"}}, false},
      {"always", "always", false, {{"NO_COLOR", "1"}}, true},
      {"never", "never", true, {}, false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    std::istringstream in;
    std::ostringstream out;
    const Console console{in, out, out, c.environment, c.is_terminal};

    const Colours colours(c.mode, console);

    EXPECT_EQ(colours.Red("x"), c.coloured ? "\033[31mx\033[0m" : "x");
  }
}

}  // namespace
}  // namespace jobexec::cli
