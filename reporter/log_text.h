// How logs are cut to fit into an answer. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::reporter {

// Bytes that `text` takes inside a JSON string.
size_t JsonSize(absl::string_view text);

// `text`, or its head and its tail with a note between them that says how many bytes were cut, so
// that the whole takes at most `limit` bytes inside a JSON string (of the note itself, if even that
// is too long for `limit`, nothing is cut). Cuts between characters; bytes that are not UTF-8
// become U+FFFD.
std::string KeepHeadAndTail(absl::string_view text, size_t limit);

}  // namespace jobexec::reporter
