// The form of settings files: Docker Compose's env files without their substitution. Plain lines
// mean the same in Kustomize's `envs`, which know no quotes and no comments behind a value.
//
//   # A comment. Blank lines are skipped, too.
//   RCV_PORT=8080
//   LOG_LEVEL=debug           # a blank and # begin a comment
//   RCV_PATH='/with a # in it'
//   EVENT_SOURCE_NAME="a \"quoted\" word"
//   ALLOWED_IMAGE_LIST=
//
// UTF-8, at most 1 MiB, lines end in LF or CR LF. A name is made of capital letters, digits and
// underscores; "=" follows it at once. A value without quotes ends at the line's end or before a
// blank and "#"; blanks around it are dropped. In '...' everything is what it is, "'" cannot stand
// there. In "..." \n, \r, \t, \" and \\ are a line break, a carriage return, a tab, a quote and a
// backslash; another escape is a fault. A quoted value ends in its line; only a comment may follow.
// Nothing is substituted: $ is a dollar sign. A name may be given once.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace jobexec::config {

struct SettingsFile {
  struct Entry {
    std::string name;
    std::string value;
    int line = 0;  // from 1
  };
  struct Fault {
    int line = 0;
    std::string message;
  };
  std::vector<Entry> entries;  // of the lines without a fault
  std::vector<Fault> faults;   // never show values, which may be secrets
};

inline constexpr size_t kMaxSettingsFileBytes = 1024 * 1024;

// Pure. `text` may be anything.
SettingsFile ParseSettingsFile(absl::string_view text);

}  // namespace jobexec::config
