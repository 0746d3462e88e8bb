// I-Regexp (RFC 9485), the regular expressions of JSONPath, on RE2: linear in the length of the
// text.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace jobexec::json {

// The same expression in RE2's syntax, unanchored. `^` and `$` stay anchors, as the compliance
// suite of JSONPath wants it. INVALID_ARGUMENT if the pattern is no I-Regexp; the message says
// where.
absl::StatusOr<std::string> TranslateIRegexp(absl::string_view pattern);

// nullptr if the pattern is no I-Regexp or beyond RE2: more than 1000 repetitions, the category Cn,
// or a program of more than 256 KiB.
std::shared_ptr<const re2::RE2> CompileIRegexp(absl::string_view pattern);

}  // namespace jobexec::json
