// A setting of a program: what it is, and what it is now.
#pragma once

#include <string>

namespace jobexec::config {

// The default text of a setting without a default.
inline constexpr char kRequired[] = "(required)";

struct Setting {
  std::string name;   // as an environment variable
  std::string group;  // heading under which --help has it
  std::string default_text;
  std::string allowed;  // which values there are; empty: any text
  std::string help;
  bool is_switch = false;
  bool is_secret = false;

  // As logs may show it: passwords in URLs are masked, of a secret only whether it is set.
  std::string value = {};
  std::string origin = {};  // "default", or as in Assignment
};

}  // namespace jobexec::config
