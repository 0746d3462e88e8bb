// Text from outside in messages for people.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace jobexec {

// `text` as it is, but for what would make a message unreadable or steer a terminal: control
// characters other than line breaks become \x1b or \u0085, bytes that are no UTF-8 \xff.
std::string Printable(absl::string_view text);

}  // namespace jobexec
